"""Small working files to begin an ansatz or a dataset of one's own with."""

from pathlib import Path

from qnnbench.own import checked_name
from qnnbench.registry import lookup

TEMPLATES = Path(__file__).parent / "templates"
KINDS = {  # what is begun -> template of each file, by the name it gets
    kind: {
        "{name}.py": TEMPLATES / f"{kind}.txt",
        "test_{name}.py": TEMPLATES / f"test_{kind}.txt",
        "{name}.yaml": TEMPLATES / f"{kind}.yaml",
    }
    for kind in ("ansatz", "dataset")
}
_NAME = "NAME"


def scaffold(kind: str, name: str, folder: str | Path = ".") -> list[Path]:
    """Write ``NAME.py``, ``test_NAME.py`` and ``NAME.yaml``, which work as they are.

    The first holds a small documented ansatz or dataset, the second its contract as tests, the
    third a study beside built-in baselines that takes about a minute.

    Args:
        kind: "ansatz" or "dataset".
        name: Lower-case letters, digits and underscores, a letter first.
        folder: Where to; made if it is not there.

    Returns:
        The files written.

    Raises:
        ValueError: Unknown kind, a name that is none or that the package has.
        FileExistsError: One of the files exists; nothing is written.
    """
    templates = lookup(KINDS, kind, "thing to begin")
    checked_name(name, f"the new {kind}")
    if name in _taken(kind):
        raise ValueError(f"{name!r} is a name of the package: give your own {kind} another one")
    files = {Path(folder) / file.format(name=name): text for file, text in templates.items()}
    if there := [str(file) for file in files if file.exists()]:
        raise FileExistsError(f"{', '.join(there)} exists: nothing was written. Take another name")
    Path(folder).mkdir(parents=True, exist_ok=True)
    for file, template in files.items():
        file.write_text(template.read_text().replace(_NAME, name))
    return list(files)


def _taken(kind: str) -> list[str]:
    """Return the names of the package's own entries."""
    if kind == "ansatz":
        from qnnbench.circuits.ansatze import ANSATZE

        return list(ANSATZE)
    from qnnbench.states.datasets import DATASETS

    return list(DATASETS)
