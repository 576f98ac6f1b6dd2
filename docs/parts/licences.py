"""The licences of the packages that qnnbench runs on, as the packages state them."""

from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from docs.parts.markdown import table

LOCK = Path(__file__).parents[2] / "requirements.txt"
CLASSIFIER = "License :: "


def licences() -> str:
    """Return a row per package of the lock that this computer needs."""
    rows = [(name, version, licence(distribution(name))) for name, version in locked()]
    return table(("package", "version", "licence"), rows)


def locked(lock: Path = LOCK) -> Iterator[tuple[str, str]]:
    """Yield name and version of the pins of a lock file whose markers hold here."""
    for line in lock.read_text().splitlines():
        if line[:1].isalnum():
            pin = Requirement(line.rstrip("\\ "))
            if pin.marker is None or pin.marker.evaluate():
                yield pin.name, str(pin.specifier).removeprefix("==")


def licence(package: Distribution) -> str:
    """Return the licence that a package names: in its metadata, else first in its licence file.

    Raises:
        LookupError: It names none.
    """
    told = package.metadata
    stated = told.get("License", "").strip()
    classes = [c for c in told.get_all("Classifier", []) if c.startswith(CLASSIFIER)]
    texts = [f for f in package.files or [] if f.name.startswith("LICENSE")]
    found = [
        told.get("License-Expression", ""),
        stated if "\n" not in stated else "",  # some put the whole text there
        "; ".join(c.rpartition(" :: ")[2] for c in classes),
        *(text.read_text().strip().partition("\n")[0] for text in texts),
    ]
    if not any(found):
        raise LookupError(f"{package.name} names no licence: can qnnbench do without it?")
    return next(filter(None, found))
