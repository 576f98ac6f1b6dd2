"""What stands beside the package in the repository: the workflow, its schemas, the configs."""

from pathlib import Path

ROOT = Path(__file__).parents[1]


def needed(path: Path) -> Path:
    """Return a path, which is there if it is one of the repository.

    Raises:
        FileNotFoundError: qnnbench was installed without its repository.
    """
    if path.exists() or not path.is_relative_to(ROOT):
        return path
    raise FileNotFoundError(
        f"Studies need {path.relative_to(ROOT)} of qnnbench's repository; this qnnbench was "
        f"installed without it, in {ROOT}. Clone the repository or unpack its source archive, "
        "and run 'make setup' there."
    )
