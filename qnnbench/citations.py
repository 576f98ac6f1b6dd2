"""What to cite: BibTeX of qnnbench, and of the sources behind what was used."""

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import metadata, version
from pathlib import Path
from typing import Any

import yaml

from qnnbench.checkout import ROOT
from qnnbench.config import listed
from qnnbench.registry import lookup

SURROGATES = "bermejo2024"  # networks without their long Pauli words
MATCHING = ("dennis2002", "higgott2025")  # the rival of decoders, and its implementation
BIBLIOGRAPHY = Path(__file__).parent / "report" / "references.bib"


def bibtex(keys: Iterable[str]) -> str:
    """Return the entry of qnnbench and those of ``keys``, each once, in the order of the file.

    Raises:
        ValueError: No entry of this key.
    """
    found = bibliography()
    wanted = {key for key in keys if lookup(found, key, "BibTeX key")}
    return "\n\n".join([own_entry(), *(text for key, text in found.items() if key in wanted)])


def bibliography() -> dict[str, str]:
    """Return the entries of ``qnnbench/report/references.bib`` by key, as they stand there."""
    text = BIBLIOGRAPHY.read_text(encoding="utf-8")
    found = re.finditer(r"^@\w+\{(\w+),\n.*?^\}", text, re.DOTALL | re.MULTILINE)
    return {match[1]: match[0] for match in found}


def own_entry() -> str:
    """Return the entry of this version of qnnbench, from CITATION.cff where it is here."""
    told = _citation()
    people = " and ".join(_name(person) for person in told["authors"])
    fields = {
        "title": f"{{{told['title']}}}",
        "author": people,
        "version": version("qnnbench"),
        "year": str(told["date-released"])[:4] if "date-released" in told else None,
        "doi": told.get("doi"),
        "url": told.get("repository-code") or told.get("url"),
        "note": f"License: {told['license']}",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join(["@software{qnnbench,", *lines, "}"])


def _citation() -> dict[str, Any]:
    file = ROOT / "CITATION.cff"
    if file.is_file():
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    told = metadata("qnnbench")
    return {
        "title": f"qnnbench: {told['Summary']}",
        "authors": [{"name": "The qnnbench developers"}],
        "license": told["License-Expression"] or "Apache-2.0",
    }


def _name(person: Mapping[str, str]) -> str:
    if "name" in person:  # braces keep the name of a group in one piece
        return f"{{{person['name']}}}"
    return f"{person['family-names']}, {person['given-names']}"


def keys_of_name(name: str) -> list[str]:
    """Return the keys behind an ansatz or a dataset.

    Raises:
        ValueError: Neither has this name.
    """
    from qnnbench.circuits.ansatze import ANSATZE
    from qnnbench.states.datasets import DATASETS

    keys = {ansatz.name: ansatz.bibtex for ansatz in ANSATZE.values()}
    keys |= {family.name: family.bibtex for family in DATASETS.values()}
    return [lookup(keys, name.partition("/")[0], "ansatz or dataset")]


def keys_of_config(config: Mapping[str, Any]) -> list[str]:
    """Return the keys behind the datasets, ansätze, closed forms and rivals of a study."""
    from qnnbench.moments.closed_forms import CLOSED_FORMS
    from qnnbench.rivals.rows import RIVALS

    arms = [*config["trainability"], *config["training"]]
    forms = [CLOSED_FORMS[name] for entry in arms for name in listed(entry.get("closed_form", []))]
    names = [str(entry.get("family", name)) for name, entry in config["datasets"].items()]
    names += [entry["ansatz"] for entry in arms if "ansatz" in entry]
    names += [form.ansatz for form in forms]
    keys = [key for name in dict.fromkeys(names) for key in keys_of_name(name)]
    keys.append("cerezo2025")  # why trained networks cost a classical machine
    classical = list(config.get("rivals", {}).values())
    keys += [RIVALS[name].bibtex for entry in classical for name in entry["rivals"]]
    if any(entry.get("surrogates_of") for entry in classical):
        keys.append(SURROGATES)
    if any(arm.get("task") == "decoding" for arm in arms):
        keys += MATCHING
    return list(dict.fromkeys(keys))


def other_sources(config: Mapping[str, Any]) -> list[str]:
    """Return the places in the sources of a study's rivals, and the sources of its machines."""
    from qnnbench.hardware.devices import DEVICES
    from qnnbench.hardware.vendors import PUBLISHED
    from qnnbench.rivals.rows import RIVALS

    rivals = [name for entry in config.get("rivals", {}).values() for name in entry["rivals"]]
    runs = [*config.get("hardware", {}).values(), *config.get("jobs", {}).values()]
    named = [PUBLISHED.get(name, name) for entry in runs for name in entry["devices"]]
    devices = [DEVICES[name] for name in dict.fromkeys(named) if name in DEVICES]
    told = [f"rival {name}: {RIVALS[name].source}" for name in dict.fromkeys(rivals)]
    told += [
        f"device {device.name}: {'; '.join(dict.fromkeys(device.sources.values()))}"
        for device in devices
    ]
    return told
