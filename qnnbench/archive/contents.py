"""What stands in an archive, by its path there."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from qnnbench.archive.crate import METADATA, crate
from qnnbench.archive.environment import commit, versions
from qnnbench.own import is_own
from qnnbench.results import digest

MANIFEST = "manifest-sha256.txt"
OF_PROJECT = {
    "CITATION.cff": "CITATION.cff",
    "LICENSE": "LICENSE",
    "environment/requirements.txt": "requirements.txt",
}

_README = """\
# Study {study} of qnnbench {version}

`results/` holds every row in Parquet, `report/index.html` is the report and opens from this
folder, `report/paper/` holds figures and tables for print where they were drawn.
`ro-crate-metadata.json` says what each file is and what made it (RO-Crate 1.1).

To make the study again, with the code of this version{commit}:

    pip install --require-hashes -r environment/requirements.txt
    snakemake --cores all --configfile config.yaml

`environment/versions.txt` lists what was installed where this archive was made. The states
{states}. To check this folder: `sha256sum --check {manifest}`.
"""


def named_files(paths: Iterable[str | Path], folder: str | Path, prefix: str) -> dict[str, Path]:
    """Return the files of ``paths``, those inside folders too, by their path in the archive.

    Args:
        paths: Files and folders below ``folder``; hidden files are left out.
        folder: What their path is relative to.
        prefix: What stands before it in the archive.
    """
    found = [
        file
        for path in map(Path, paths)
        for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if not file.is_dir() and not file.name.startswith(".")
    ]
    return {f"{prefix}/{file.relative_to(folder).as_posix()}": file for file in found}


def with_own_files_beside(content: Any) -> tuple[Any, dict[str, Path]]:
    """Return a config that names a user's own files in folder ``own``, and these files.

    Their hash stands in the path in place of the key, so that files of one name keep apart
    and the config is one that is checked like any other.
    """
    if isinstance(content, list):
        pairs = [with_own_files_beside(item) for item in content]
        return [item for item, _ in pairs], {k: v for _, found in pairs for k, v in found.items()}
    if not isinstance(content, Mapping):
        return content, {}
    if "sources" in content:  # a dataset: the config that is checked names one file or folder
        kept = {key: value for key, value in content.items() if key not in ("family", "sources")}
        reference, files = _states_beside(content["sources"])
        return {**kept, **reference}, files
    if is_own(content) and "hash" in content:
        source = Path(content["file"])
        name = f"own/{content['hash']}/{source.name}"
        kept = {key: value for key, value in content.items() if key != "hash"}
        return {**kept, "file": name}, {name: source}
    made = {key: with_own_files_beside(value) for key, value in content.items()}
    files = {name: path for _, found in made.values() for name, path in found.items()}
    return {key: value for key, (value, _) in made.items()}, files


def _states_beside(sources: Mapping[str, Mapping[str, Any]]) -> tuple[Any, dict[str, Path]]:
    """Return the reference to a dataset of one's own and its files, one or one for each width."""
    hashes = {width: source["hash"] for width, source in sources.items()}
    if len(set(hashes.values())) == 1:
        return with_own_files_beside(next(iter(sources.values())))
    folder = f"own/{digest(hashes)}"
    files = {f"{folder}/n{width}.parquet": Path(s["file"]) for width, s in sources.items()}
    return {"file": folder}, files


def contents(
    config: Mapping[str, Any],
    made: Mapping[str, Path],
    states: Mapping[str, Path],
    project: Path,
    with_states: bool,
) -> dict[str, bytes]:
    """Return every file of the archive, in the order of their paths.

    Args:
        config: The whole resolved config of the study.
        made: Tables, figures and pages, by their path in the archive.
        states: Files of states, likewise.
        project: The folder of ``CITATION.cff``, ``LICENSE`` and the lock file.
        with_states: Whether the states are part of it, else their hashes alone.

    Raises:
        FileNotFoundError: One of these files is missing.
    """
    found, installed = commit(project), versions()
    files = {name: path.read_bytes() for name, path in made.items()}
    if with_states:
        files |= {name: path.read_bytes() for name, path in states.items()}
    files |= {name: (project / source).read_bytes() for name, source in OF_PROJECT.items()}
    config, brought = with_own_files_beside(config)
    files |= {name: path.read_bytes() for name, path in brought.items()}
    files["config.yaml"] = yaml.safe_dump(dict(config), sort_keys=False).encode()
    listed = "".join(f"{name}=={number}\n" for name, number in installed.items())
    files["environment/versions.txt"] = listed.encode()
    hashes = {name: path.read_bytes() for name, path in sorted(states.items())}
    files["states-sha256.txt"] = _hash_lines(hashes)
    where = "are in `results/states/`" if with_states else "are made again from the config"
    files["README.md"] = _README.format(
        study=config["study"],
        version=installed["qnnbench"],
        commit=f" (commit {found})" if found else "",
        states=f"{where}; their hashes are in `states-sha256.txt`",
        manifest=MANIFEST,
    ).encode()
    citation = yaml.safe_load(files["CITATION.cff"])
    date = _date([*made.values()])
    metadata = crate(files, set(made), config, citation, installed, found, date)
    files[METADATA] = (json.dumps(metadata, indent=2, ensure_ascii=False) + "\n").encode()
    files[MANIFEST] = _hash_lines(dict(sorted(files.items())))
    return dict(sorted(files.items()))


def _hash_lines(files: Mapping[str, bytes]) -> bytes:
    """Return what ``sha256sum --check`` reads."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    return "".join(lines).encode()


def _date(made: list[Path]) -> str:
    """Return the day of the newest result, or of ``SOURCE_DATE_EPOCH`` where it is set."""
    stated = os.environ.get("SOURCE_DATE_EPOCH")
    seconds = float(stated) if stated else max((p.stat().st_mtime for p in made), default=0.0)
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
