"""Files in, one zip out: equal files make equal bytes, on every machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from qnnbench.archive.contents import contents
from qnnbench.results import write_atomically

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of the zip format
_UNIX, _READABLE = 3, 0o100644


def write_archive(
    path: str | Path,
    config: Mapping[str, Any],
    made: Mapping[str, Path],
    states: Mapping[str, Path],
    project: str | Path,
    with_states: bool = False,
) -> None:
    """Write results, report, environment, config and metadata of a study as one zip.

    Its root is an RO-Crate. Nothing in it depends on when, where or by whom it was written.

    Args:
        path: Where it goes.
        config: The whole resolved config of the study.
        made: Tables, figures and pages, by their path in the archive.
        states: Files of states, likewise; their hashes are always part of it.
        project: The folder of ``CITATION.cff``, ``LICENSE`` and the lock file.
        with_states: Whether the states themselves are part of it.

    Raises:
        FileNotFoundError: One of these files is missing.
    """
    files = contents(config, made, states, Path(project), with_states)
    write_atomically(path, lambda temporary: _zip(temporary, files))


def _zip(path: Path, files: Mapping[str, bytes]) -> None:
    """Write files as they are: Parquet and PNG are compressed, and builds of zlib differ."""
    with ZipFile(path, "w", ZIP_STORED) as archive:
        for name, content in files.items():
            entry = ZipInfo(name, _FIRST_DAY)
            entry.create_system, entry.external_attr = _UNIX, _READABLE << 16
            archive.writestr(entry, content)
