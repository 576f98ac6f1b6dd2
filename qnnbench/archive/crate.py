"""What each file of an archive is and what made it: RO-Crate 1.1 metadata.

Source: RO-Crate Metadata Specification 1.1, doi:10.5281/zenodo.4541002; the run is
described as in Process Run Crate, doi:10.1371/journal.pone.0309210.
"""

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

METADATA = "ro-crate-metadata.json"

_CONTEXT = [
    "https://w3id.org/ro/crate/1.1/context",
    {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"},
]
_FORMATS = {
    ".parquet": "application/vnd.apache.parquet",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".csv": "text/csv",
    ".tex": "application/x-tex",
    ".yaml": "application/yaml",
    ".cff": "application/yaml",
    ".md": "text/markdown",
    ".json": "application/json",
}
_KINDS = {  # by the first folders of a path
    "results": "rows of table {}",
    "results/states": "states of a dataset",
    "report/figures": "figure of the report",
    "report/paper": "figure or table for print",
    "report/data": "rows behind a figure or table of the report",
    "report": "report",
    "environment": "environment",
}
_LICENSES = "https://spdx.org/licenses/"

Entity = dict[str, Any]


def crate(
    files: Mapping[str, bytes],
    made: set[str],
    config: Mapping[str, Any],
    citation: Mapping[str, Any],
    versions: Mapping[str, str],
    commit: str,
    date: str,
) -> Entity:
    """Return the metadata of a crate as a JSON-LD document.

    Args:
        files: Every other file of the crate, by its path there.
        made: Paths of those that the study wrote.
        config: The whole resolved config.
        citation: Content of ``CITATION.cff``.
        versions: Of software, by name; that of the package itself among them.
        commit: Of the code; empty where it is not known.
        date: Of the newest result: "2025-03-01".
    """
    parts = [_file(name, content) for name, content in sorted(files.items())]
    people = [_author(author, i) for i, author in enumerate(citation["authors"])]
    license_url = f"{_LICENSES}{citation['license']}"
    inputs = [_ref(_id(name)) for name in sorted(files) if name not in made]
    outputs = [_ref(_id(name)) for name in sorted(made) if name in files]
    study = str(config["study"])
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"qnnbench study {study}",
        "description": f"Results and report of study {study} (seed {config['seed']}): "
        "trainability of quantum neural networks at growing width.",
        "datePublished": date,
        "license": _ref(license_url),
        "author": [_ref(person["@id"]) for person in people],
        "hasPart": [_ref(part["@id"]) for part in parts],
        "mentions": _ref("#run"),
    }
    run = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"snakemake of study {study}",
        "instrument": _ref("#qnnbench"),
        "object": inputs,
        "result": outputs,
    }
    return {
        "@context": _CONTEXT,
        "@graph": [
            {
                "@id": METADATA,
                "@type": "CreativeWork",
                "conformsTo": _ref("https://w3id.org/ro/crate/1.1"),
                "about": _ref("./"),
            },
            root,
            *parts,
            *people,
            {"@id": license_url, "@type": "CreativeWork", "name": str(citation["license"])},
            run,
            *_software(versions, commit, str(citation["title"])),
        ],
    }


def _ref(identifier: str) -> Entity:
    return {"@id": identifier}


def _id(name: str) -> str:
    """Return a path as a relative URI."""
    return quote(name)


def _file(name: str, content: bytes) -> Entity:
    entity = {
        "@id": _id(name),
        "@type": "File",
        "name": PurePosixPath(name).name,
        "encodingFormat": _FORMATS.get(PurePosixPath(name).suffix, "text/plain"),
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    folders = name.split("/")[:-1]
    for depth in range(len(folders), 0, -1):
        if kind := _KINDS.get("/".join(folders[:depth])):
            described = kind.format(folders[1] if len(folders) > 1 else "")
            return {**entity, "description": described}
    return entity


def _author(author: Mapping[str, Any], position: int) -> Entity:
    """Return a person or, where only a name is given, an organisation of ``CITATION.cff``."""
    identifier = str(author.get("orcid") or f"#author-{position + 1}")
    if "name" in author:
        return {"@id": identifier, "@type": "Organization", "name": author["name"]}
    given, family = author.get("given-names", ""), author.get("family-names", "")
    return {
        "@id": identifier,
        "@type": "Person",
        "name": f"{given} {family}".strip(),
        "givenName": given,
        "familyName": family,
    }


def _software(versions: Mapping[str, str], commit: str, title: str) -> list[Entity]:
    """Return the package, the commit of its code, and what it depends on."""
    others = {name: number for name, number in versions.items() if name != "qnnbench"}
    package: Entity = {
        "@id": "#qnnbench",
        "@type": "SoftwareApplication",
        "name": title,
        "softwareVersion": versions["qnnbench"],
        "softwareRequirements": [_ref(f"#software-{name}") for name in others],
    }
    found: list[Entity] = [package]
    if commit:
        package["identifier"] = _ref("#commit")
        value = {"propertyID": "git commit", "value": commit}
        found.append({"@id": "#commit", "@type": "PropertyValue", "name": "git commit", **value})
    return found + [
        {
            "@id": f"#software-{name}",
            "@type": "SoftwareApplication",
            "name": name,
            "softwareVersion": number,
        }
        for name, number in others.items()
    ]
