"""What a config may say: read it, check all of it at once, name the lines at fault.

The schema, ``workflow/schemas/config.schema.yaml``, holds the keys; names of ansätze,
datasets and tasks, and their options, are checked against the tables and builders
themselves, so that adding an entry to a table is enough.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from qnnbench.config.laws import law_of
from qnnbench.config.names import (
    MACHINE_SECTIONS,
    entries_of,
    listed,
    machine_problems,
    name_problems,
    reference_problems,
    surrogate_problems,
)
from qnnbench.config.own import SECTIONS, folders_of, settled, with_own_files
from qnnbench.config.problems import (
    SCHEMA,
    explain,
    place_of,
    render,
    repeated_keys,
    told_once,
    tree_of,
    validator,
)

__all__ = ["MACHINE_SECTIONS", "SCHEMA", "check", "law_of", "listed", "load", "with_own_files"]


def load(path: str | Path, *, names: bool = True) -> dict[str, Any]:
    """Return the config stored at ``path``, checked by :func:`check`, own files found and hashed.

    Raises:
        FileNotFoundError: No such file.
        ValueError: No YAML mapping, or :func:`check` finds a problem.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"No config at {path}. The shipped ones are in config/.")
    try:
        config = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no YAML: {error}") from error
    if not isinstance(config, dict):
        raise ValueError(f"{path} must hold a YAML mapping, found {type(config).__name__}")
    check(config, [path], names=names)
    return with_own_files(config, [path])


def check(
    config: Mapping[str, Any], files: Sequence[str | Path] = (), *, names: bool = True
) -> None:
    """Accept ``config``, or list everything that is wrong with it.

    Args:
        config: The resolved config.
        files: Where it was read from, for the lines in the message; the last one wins.
        names: Whether to look up ansätze, datasets, tasks and their options too, which
            imports Cirq (4 s).

    Raises:
        ValueError: With every problem: its key path, its line, what is allowed, and the
            line of the schema.
    """
    trees = [tree_of(file) for file in files]
    problems = [p for error in validator().iter_errors(config) for p in explain(error)]
    broken = {problem.path[:2] for problem in problems}
    sound = {section: entries_of(config, section, broken) for section in SECTIONS}
    sound, odd = settled(sound, folders_of(files))
    problems += odd
    broken |= {problem.path[:2] for problem in odd}
    named = config.get("datasets")
    known = [*(named if isinstance(named, Mapping) else ()), *(n for n, _ in sound["datasets"])]
    known += [problem.path[1] for problem in odd if problem.path[0] == "datasets"]
    problems += reference_problems(sound, [str(name) for name in known])
    if ("training",) not in {path[:1] for path in broken}:  # else some arms are unknown
        problems += surrogate_problems(sound)
        problems += machine_problems(sound)
    problems += name_problems(sound) if names else ()
    for tree in trees:
        problems += repeated_keys(tree)
    if problems:
        placed = {place_of(problem, trees): problem for problem in reversed(told_once(problems))}
        lines = [render(placed[place], files, place) for place in sorted(placed)]
        many = f"{len(lines)} problems" if len(lines) > 1 else "1 problem"
        raise ValueError("\n  ".join([f"The config has {many}:", *lines]))
