"""Files of the user's own in a config: found, hashed, and put where names are expected.

An ansatz stays a reference, {file, function, hash}. A dataset becomes a name: its entry under
``datasets``, written or made here, has "sources", the resolved file of every width.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qnnbench.config.names import MACHINE_SECTIONS, Entries, entries_of
from qnnbench.config.problems import KeyPath, Problem
from qnnbench.own import is_own, name_of, resolved

SECTIONS = ("datasets", "trainability", "training", "rivals", *MACHINE_SECTIONS)
_USES_STATES = (("trainability", "contrast"), ("training", "dataset"))

Sound = dict[str, Entries]


def folders_of(files: Sequence[str | Path]) -> list[Path]:
    """Return where relative paths are looked up: beside the configs, the last one first."""
    return list(dict.fromkeys(Path(file).parent for file in reversed(files)))


def with_own_files(config: Mapping[str, Any], files: Sequence[str | Path] = ()) -> dict[str, Any]:
    """Return a checked config in which every file of the user's own is found and hashed.

    Args:
        config: As :func:`qnnbench.config.check` accepts it.
        files: Where it was read from.

    Raises:
        ValueError: A file that is not there or cannot be read.
    """
    sound: Sound = {section: entries_of(config, section, set()) for section in SECTIONS}
    done, problems = settled(sound, folders_of(files))
    if problems:
        raise ValueError("; ".join(problem.text for problem in problems))
    lists = {s: [entry for _, entry in done[s]] for s in ("trainability", "training")}
    return {**config, "datasets": dict(done["datasets"]), **lists}


def settled(sound: Sound, folders: Sequence[Path]) -> tuple[Sound, list[Problem]]:
    """Return the entries with own files resolved, and what is wrong with files and names.

    Entries in trouble are left out.
    """
    done: Sound = dict(sound)
    problems: list[Problem] = []
    done, odd = _with_named_states(done)
    problems += odd
    entries, odd = _each(done["datasets"], "datasets", _with_sources, done, folders)
    done["datasets"] = entries
    problems += odd
    for section in ("trainability", "training"):
        done[section], odd = _each(done[section], section, _with_ansatz, done, folders)
        problems += odd
    problems += _clashes(done)
    return done, problems


def _each(
    entries: Entries, section: str, change: Any, sound: Sound, folders: Sequence[Path]
) -> tuple[Entries, list[Problem]]:
    """Return the entries after ``change``, and a problem for each that it refuses."""
    kept: Entries = []
    problems = []
    for key, entry in entries:
        try:
            kept.append((key, change(str(key), entry, sound, folders)))
        except (ValueError, OSError) as error:
            problems.append(Problem((section, key, *_place(section)), str(error)))
    return kept, problems


def _place(section: str) -> KeyPath:
    return ("file",) if section == "datasets" else ("ansatz",)


def _with_named_states(sound: Sound) -> tuple[Sound, list[Problem]]:
    """Return the entries with every own dataset of an arm or contrast declared and named."""
    done, problems = dict(sound), []
    datasets = dict(sound["datasets"])
    for section, key in _USES_STATES:
        changed: Entries = []
        for place, entry in sound[section]:
            reference: Any = entry.get(key)
            if is_own(reference):
                try:
                    name = name_of(reference)
                except ValueError as error:
                    problems.append(Problem((section, place, key), str(error)))
                    continue
                needed = {*entry["widths"], *entry.get("curriculum", [])}
                declared = datasets.get(name, {**reference, "widths": []})
                if any(declared.get(k) != reference.get(k) for k in ("file", "function")):
                    text = (
                        f"{name!r}, the short name of {reference['file']}, names another dataset"
                    )
                    problems.append(Problem((section, place, key), f"{text}: rename the file"))
                    continue
                widths = sorted({*declared["widths"], *needed})
                datasets[name] = {**declared, "widths": widths}
                entry = {**entry, key: name}
            changed.append((place, entry))
        done[section] = changed
    done["datasets"] = list(datasets.items())
    return done, problems


def _with_sources(
    name: str, entry: Mapping[str, Any], sound: Sound, folders: Sequence[Path]
) -> Mapping[str, Any]:
    """Return a dataset with the resolved file of every width, where it has a file."""
    if "file" not in entry:
        return entry
    from qnnbench.states.datasets import DATASETS
    from qnnbench.states.own import family_of, own_sources

    if name in DATASETS:
        raise ValueError(f"{name!r} is a dataset of the package: give your own another name")
    reference = {key: entry[key] for key in ("file", "function") if key in entry}
    sources = own_sources(reference, folders, entry["widths"])
    if missing := sorted(set(entry["widths"]) - set(sources)):
        raise ValueError(
            f"{entry['file']} holds {sorted(sources)} qubits, {missing} are asked for"
        )
    if "options" in entry and not any("function" in source for source in sources.values()):
        raise ValueError(f"{entry['file']} holds states as they are: it takes no options")
    kept = {key: value for key, value in entry.items() if key not in reference}
    chosen = {str(n): sources[n] for n in entry["widths"]}
    family = family_of(name, next(iter(chosen.values())))
    return {**kept, "family": family, "sources": chosen}


def _with_ansatz(
    _: str, entry: Mapping[str, Any], sound: Sound, folders: Sequence[Path]
) -> Mapping[str, Any]:
    if not is_own(entry.get("ansatz")):
        return entry
    return {**entry, "ansatz": resolved({"function": "build", **entry["ansatz"]}, folders)}


def _clashes(sound: Sound) -> Iterator[Problem]:
    """Yield own ansätze of one short name that are not one function of one file."""
    first: dict[str, tuple[Any, Any]] = {}
    for section, place, reference in _own_ansatze(sound):
        name, what = name_of(reference), (reference["hash"], reference["function"])
        if first.setdefault(name, what) != what:
            text = f"{name!r} is the short name of two own ansätze: rename a file or a function"
            yield Problem((section, place, "ansatz"), text)


def _own_ansatze(sound: Sound) -> Iterator[tuple[str, str | int, Mapping[str, Any]]]:
    for section in ("trainability", "training"):
        for place, entry in sound[section]:
            if is_own(entry.get("ansatz")):
                yield section, place, entry["ansatz"]


def own_ansatze(config: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Return every entry of a config with own files whose ansatz is the user's."""
    sound = {s: entries_of(config, s, set()) for s in ("trainability", "training")}
    return [entry for s in sound for _, entry in sound[s] if is_own(entry.get("ansatz"))]
