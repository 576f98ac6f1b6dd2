"""What a config may say: read it, check all of it at once, name the lines at fault.

The schema, ``workflow/schemas/config.schema.yaml``, holds the keys; names of ansätze,
datasets and tasks, and their options, are checked against the tables and builders
themselves, so that adding an entry to a table is enough.
"""

import inspect
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from qnnbench.circuits.angles import INITIAL_LAWS, AngleLaw, IdentityBlocks, angle_law
from qnnbench.registry import lookup

ROOT = Path(__file__).parents[1]
GIVEN = ("n_qubits", "seed")  # what the study itself hands to builders
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"

KeyPath = tuple[str | int, ...]
Place = tuple[int, int, str]
Entries = list[tuple[str | int, Mapping[str, Any]]]


@dataclass(frozen=True)
class Problem:
    """One thing a config gets wrong: where, what, and the line of the schema that says so."""

    path: KeyPath
    text: str
    schema_line: int | None = None


def load(path: str | Path) -> dict[str, Any]:
    """Return the checked config stored at ``path``.

    Raises:
        FileNotFoundError: No such file.
        ValueError: No YAML mapping, or :func:`check` finds a problem.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"No config at {path}. The shipped ones are in config/.")
    try:
        config = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {error}") from error
    if not isinstance(config, dict):
        raise ValueError(f"{path} must hold a YAML mapping, found {type(config).__name__}")
    check(config, [path])
    return config


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
    trees = [_tree(file) for file in files]
    errors = list(_validator().iter_errors(config))
    problems = [problem for error in errors for problem in _explain(error)]
    broken = {tuple(error.absolute_path)[:2] for error in errors}
    sound = {
        section: _entries(config, section, broken)
        for section in ("datasets", "trainability", "training")
    }
    problems += _reference_problems(sound, config.get("datasets"))
    problems += _name_problems(sound) if names else ()
    for tree in trees:
        problems += _repeated_keys(tree)
    if problems:
        placed = {_place(problem, trees): problem for problem in reversed(problems)}
        lines = [_render(placed[place], files, place) for place in sorted(placed)]
        many = f"{len(lines)} problems" if len(lines) > 1 else "1 problem"
        raise ValueError("\n  ".join([f"The config has {many}:", *lines]))


def law_of(
    angles: str | Mapping[str, Any], n_qubits: int, n_layers: int
) -> AngleLaw | IdentityBlocks | str:
    """Return the law of random angles a config means, at one width and depth.

    Args:
        angles: "gaussian", "haar_blocks", a name of ``INITIAL_LAWS``, or {law, std}, with
            the standard deviation of a gaussian law in radians.
        n_qubits: Width.
        n_layers: Depth.

    Raises:
        ValueError: No law of this name, or a standard deviation it does not take.
    """
    spec = {"law": angles} if isinstance(angles, str) else dict(angles)
    name = spec.pop("law")
    lookup({**INITIAL_LAWS, "gaussian": None, "haar_blocks": None}, name, "angle law")
    if name == "gaussian":
        return angle_law(name, **spec)
    if spec:
        raise ValueError(f"only the gaussian law takes a std, got {angles!r}")
    return INITIAL_LAWS[name].law(n_qubits, n_layers) if name in INITIAL_LAWS else str(name)


def listed(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as the only item of one."""
    return value if isinstance(value, list) else [value]


def _first_angles(angles: str | Mapping[str, Any]) -> AngleLaw:
    """Return the law of an arm's first angles: independent ones of one law."""
    spec = {"law": angles} if isinstance(angles, str) else dict(angles)
    return angle_law(spec.pop("law"), **spec)


def _validator() -> jsonschema.protocols.Validator:
    """Return the schema's validator; 8.0 is no width and NaN is no number."""
    draft = jsonschema.Draft202012Validator
    types = draft.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, x: isinstance(x, int) and not isinstance(x, bool),
            "number": lambda _, x: (
                isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x)
            ),
        }
    )
    strict = jsonschema.validators.extend(draft, type_checker=types)
    return strict(yaml.safe_load(SCHEMA.read_text()))


def _tree(path: str | Path) -> yaml.Node:
    """Return the nodes of a YAML file, which know their lines."""
    return yaml.compose(Path(path).read_text()) or yaml.MappingNode("tag:yaml.org,2002:map", [])


def _explain(error: jsonschema.ValidationError) -> Iterator[Problem]:
    """Yield the problems of one schema error; an unknown key is one problem each."""
    path, place = tuple(error.absolute_path), list(error.absolute_schema_path)
    rule = error.schema if isinstance(error.schema, Mapping) else {}
    instance: Any = error.instance
    tree = _tree(SCHEMA)
    if error.validator == "additionalProperties":
        allowed = rule["properties"]
        line = _line(tree, [*place[:-1], "properties"])
        for key in instance:
            if key not in allowed:
                yield Problem((*path, key), _unknown(allowed, key, "key"), line)
        return
    text = error.message
    if error.validator == "type" and isinstance(instance, str) and _is_number(instance):
        text += f"; YAML reads {instance} as text, write it with a point, as in 1.0e-3"
    if "description" in rule:
        text += f" ({rule['description']})"
    yield Problem(path, text, _line(tree, place))


def _unknown(table: Iterable[str], name: str, kind: str) -> str:
    try:
        return lookup(dict.fromkeys(table), name, kind) or ""
    except ValueError as error:
        return str(error)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _entries(config: Mapping[str, Any], section: str, broken: set[KeyPath]) -> Entries:
    """Return the keys and entries of a section in which the schema finds no fault."""
    block = config.get(section)
    if isinstance(block, Mapping):
        pairs: Iterable[tuple[str | int, Any]] = block.items()
    else:
        pairs = enumerate(block) if isinstance(block, list) else ()
    return [(key, entry) for key, entry in pairs if not {(section, key), (section,)} & broken]


def _reference_problems(sound: Mapping[str, Entries], named: Any) -> Iterator[Problem]:
    """Yield names given twice, and entries that ask for states the config does not make."""
    for section, name in (("trainability", "curve"), ("training", "arm")):
        times = Counter(entry[name] for _, entry in sound[section])
        for key, entry in sound[section]:
            if times[entry[name]] > 1:
                yield Problem((section, key, name), f"{entry[name]!r} names two entries")
    datasets = dict(sound["datasets"])
    known = [str(name) for name in named] if isinstance(named, Mapping) else []
    for section, states in (("trainability", "contrast"), ("training", "dataset")):
        for key, entry in sound[section]:
            path = (section, key)
            for dataset in listed(entry[states]) if states in entry else ():
                if dataset not in known:
                    yield Problem((*path, states), _unknown(known, dataset, "dataset here"))
                    continue
                widths = datasets.get(dataset, entry)["widths"]
                if missing := [n for n in entry["widths"] if n not in widths]:
                    text = f"dataset {dataset!r} is not made at {missing}, only at {widths}"
                    yield Problem((*path, "widths"), text)


def _name_problems(sound: Mapping[str, Entries]) -> Iterator[Problem]:
    """Yield names no table knows, options no builder takes, and values builders refuse."""
    from qnnbench.circuits.ansatze import ANSATZE
    from qnnbench.moments.closed_forms import CLOSED_FORMS
    from qnnbench.states.datasets import DATASETS, has_width

    for name, entry in sound["datasets"]:
        path = ("datasets", name)
        if bad := _refused(path, lookup, DATASETS, name, "dataset"):
            yield from bad
            continue
        family = DATASETS[str(name)]
        yield from _option_problems(path, family.generate, f"dataset {name!r}", entry)
        if wrong := [n for n in entry["widths"] if not has_width(family, n)]:
            least = family.min_qubits
            text = f"dataset {name!r} needs {family.widths} >= {least}, got {wrong}"
            yield Problem((*path, "widths"), text)
    for section in ("trainability", "training"):
        for key, entry in sound[section]:
            path = (section, key)
            for form in listed(entry.get("closed_form", [])):
                where = (*path, "closed_form")
                yield from _refused(where, lookup, CLOSED_FORMS, form, "closed form")
            if "closed_form" in entry:
                continue
            ansatz = entry["ansatz"]
            for angles in listed(entry["angles"]):
                first = (_first_angles, angles)
                ask = (law_of, angles, 2, 1) if section == "trainability" else first
                yield from _refused((*path, "angles"), *ask)
            if bad := _refused((*path, "ansatz"), lookup, ANSATZE, ansatz, "ansatz"):
                yield from bad
                continue
            build, kind = ANSATZE[ansatz].build, f"ansatz {ansatz!r}"
            yield from list(_option_problems(path, build, kind, entry)) or _network_problems(
                path, entry
            )


def _refused(path: KeyPath, ask: Callable[..., Any], *args: Any) -> list[Problem]:
    """Return what ``ask`` says against ``args``, if anything."""
    try:
        ask(*args)
    except (TypeError, ValueError) as error:
        return [Problem(path, str(error))]
    return []


def _option_problems(
    path: KeyPath, build: Callable[..., Any], kind: str, entry: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield the options of ``entry`` that ``build`` does not take; depths are one of them."""
    allowed = [name for name in inspect.signature(build).parameters if name not in GIVEN]
    if "n_layers" in entry:
        if "n_layers" not in allowed:
            text = _unknown(allowed, "n_layers", f"option of {kind}")
            yield Problem((*path, "n_layers"), text)
        elif "n_layers" in entry.get("options", {}):
            yield Problem((*path, "n_layers"), "n_layers is among the options too")
    for option in entry.get("options", {}):
        if option not in allowed:
            text = _unknown(allowed, option, f"option of {kind}")
            yield Problem((*path, "options", option), text)


def _network_problems(path: KeyPath, entry: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with option values, observable, task or loss at the least width."""
    from qnnbench.circuits.ansatze import ANSATZE, build_ansatz
    from qnnbench.tasks import TASKS, task_loss

    n_qubits = min(entry["widths"])
    try:
        network = build_ansatz(entry["ansatz"], n_qubits, **entry.get("options", {}))
    except (TypeError, ValueError) as error:
        yield Problem((*path, "options"), str(error))
        return
    index, known = entry.get("observable_index", 0), len(network.observables)
    if index >= known:
        text = f"{index} asked, {known} observables at {n_qubits} qubits"
        yield Problem((*path, "observable_index"), text)
    readout = inspect.signature(ANSATZE[entry["ansatz"]].build).parameters.get("readout")
    if readout and "observable" in entry:
        read = entry.get("options", {}).get("readout", readout.default)
        if entry["observable"] != read:
            text = f"{entry['observable']!r} is not what the ansatz reads, which is {read!r}"
            yield Problem((*path, "observable"), text)
    if "task" in entry:
        task, loss = entry["task"], entry.get("loss", "")
        bad = _refused((*path, "task"), lookup, TASKS, task, "task")
        yield from bad or _refused(
            (*path, "loss"), lambda: task_loss(task, loss).observables(network)
        )


def _repeated_keys(tree: yaml.Node) -> Iterator[Problem]:
    """Yield keys given twice in one mapping, of which YAML would keep the last in silence."""
    stack: list[tuple[KeyPath, yaml.Node]] = [((), tree)]
    while stack:
        path, node = stack.pop()
        children: list[tuple[Any, yaml.Node]] = []
        if isinstance(node, yaml.MappingNode):
            children = [(key.value, value) for key, value in node.value]
            for key, times in Counter(key for key, _ in children).items():
                if times > 1:
                    yield Problem((*path, key), f"key {key!r} is given {times} times")
        elif isinstance(node, yaml.SequenceNode):
            children = list(enumerate(node.value))
        stack += [((*path, key), child) for key, child in children]


def _place(problem: Problem, trees: Sequence[yaml.Node]) -> Place:
    """Return which file is at fault, its line and what for: an anchor's fault is one."""
    depths = [(len(list(_walk(tree, problem.path))), i) for i, tree in enumerate(trees)]
    _, file = max(depths, default=(0, -1))
    return file, _line(trees[file], problem.path) if trees else 0, problem.text


def _render(problem: Problem, files: Sequence[str | Path], place: Place) -> str:
    """Return the problem in one line: key path, config line, text, schema line."""
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in problem.path)
    where = where.lstrip(".") or "top level"
    file, line, text = place
    if file >= 0:
        where += f" ({files[file]}:{line})"
    said = f" [{SCHEMA.relative_to(ROOT)}:{problem.schema_line}]" if problem.schema_line else ""
    return f"{where}: {text}{said}"


def _walk(tree: yaml.Node, path: Iterable[str | int]) -> Iterator[tuple[int, yaml.Node]]:
    """Yield the line (from 1) and node at each step of ``path``, as far as it exists.

    A mapping that is but a "$ref" stands for the definition it names.
    """
    node = tree
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if "$ref" in pairs:
                pointer = pairs["$ref"][1].value.split("/")[1:]
                *_, (_, node) = _walk(tree, pointer)
                pairs = {key.value: (key, value) for key, value in node.value}
            found = pairs.get(str(step))
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = (node.value[step],) * 2 if step < len(node.value) else None
        else:
            found = None
        if found is None:
            return
        key, node = found
        yield key.start_mark.line + 1, node


def _line(tree: yaml.Node, path: Iterable[str | int]) -> int:
    return ([1] + [line for line, _ in _walk(tree, path)])[-1]
