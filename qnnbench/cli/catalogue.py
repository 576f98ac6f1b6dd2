"""Commands about what there is by name: list the names, show what is said of one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from importlib import import_module
from inspect import getdoc, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from qnnbench.cli import names
from qnnbench.cli.answers import show_facts, show_json
from qnnbench.cli.arguments import AsJson

GIVEN = ("n_qubits", "seed")  # what builders are handed; not options


@dataclass(frozen=True)
class Kind:
    """A table of named things.

    Attributes:
        one: What one of them is called.
        names: Returns the keys of the table, without loading it where that is slow.
        module: Holds the table.
        table: Its name there.
        told: Maps an entry to what is said of it.
        docs: The document that says more; "" where there is none.
    """

    one: str
    names: Callable[[], list[str]]
    module: str
    table: str
    told: Callable[[Any], dict[str, Any]]
    docs: str = ""

    def entries(self) -> Mapping[str, Any]:
        """Return the table."""
        return getattr(import_module(f"qnnbench.{self.module}"), self.table)


def _options(build: Callable[..., Any]) -> str:
    """Return the options of a builder with their defaults."""
    known = [p for p in signature(build).parameters.values() if p.name not in GIVEN]
    return ", ".join(f"{p.name}={p.default!r}" for p in known) or "none"


def _first_line(thing: Any) -> str:
    return (getdoc(thing) or "").partition("\n")[0]


def _ansatz(entry: Any) -> dict[str, Any]:
    at = ", ".join(f"{key}={value!r}" for key, value in entry.claim_options.items())
    return {
        "what": _first_line(entry.build),
        "plateau": f"{entry.plateau}, as claimed at {at or 'the default options'}",
        "angles": f"{entry.angles}, as in the claim",
        "source": entry.source,
        "bibtex": entry.bibtex,
        "options": _options(entry.build),
        "measure": f"qnnbench variance {entry.name} 8 16 24 32 48 64",
    }


def _dataset(entry: Any) -> dict[str, Any]:
    return {
        **entry.card(),
        "options": _options(entry.generate),
        "measure": f"qnnbench certify {entry.name} {_least_width(entry)}",
    }


def _least_width(entry: Any) -> int:
    from qnnbench.states.datasets import has_width

    return next(n for n in range(entry.min_qubits, 1000) if has_width(entry, n))


def _backend(entry: Any) -> dict[str, Any]:
    module = import_module(entry.evaluate.__module__)
    return {
        "what": _first_line(module),
        "exact": "yes" if entry.is_exact else "no: the error is estimated beside each value",
        "gradients": "yes" if entry.gives_gradients else "no",
        "taken by auto": "no, by name only" if entry.by_name_only else "yes",
        "options": ", ".join(entry.options) or "none",
    }


def _device(entry: Any) -> dict[str, Any]:
    told = {key: value for key, value in vars(entry).items() if key not in ("name", "sources")}
    return {
        **told,
        **{f"source of {figure}": place for figure, place in entry.sources.items()},
    }


def _task(entry: Any) -> dict[str, Any]:
    return {"losses": ", ".join(entry.losses)}


def _rival(entry: Any) -> dict[str, Any]:
    return {"is given": entry.record, "learner": entry.learner, "source": entry.source}


def _law(entry: Any) -> dict[str, Any]:
    return {"at 8 qubits and 4 layers": str(entry.law(8, 4)), "source": entry.source}


def _closed_form(entry: Any) -> dict[str, Any]:
    fields = ("ansatz", "observable", "angles", "contrast", "options", "source")
    return {
        "what": _first_line(entry.log10_variance),
        **{field: getattr(entry, field) for field in fields if getattr(entry, field)},
        "log10 variance at 8 qubits": f"{entry.log10_variance(8):.6g}",
    }


def _loss(entry: Any) -> dict[str, Any]:
    from qnnbench.tasks import TASKS

    return {"tasks": ", ".join(t.name for t in TASKS.values() if entry.name in t.losses)}


KINDS = {
    "ansatze": Kind(
        "ansatz", names.ansatze, "circuits.ansatze", "ANSATZE", _ansatz, "docs/ansatze.md"
    ),
    "datasets": Kind(
        "dataset", names.datasets, "states.datasets", "DATASETS", _dataset, "docs/datasets.md"
    ),
    "tasks": Kind("task", names.tasks, "tasks", "TASKS", _task, "docs/tasks.md"),
    "losses": Kind("loss", names.losses, "tasks.losses", "LOSSES", _loss, "docs/tasks.md"),
    "backends": Kind("backend", names.backends, "backends", "BACKENDS", _backend, "README.md"),
    "devices": Kind(
        "device", names.devices, "hardware.devices", "DEVICES", _device, "docs/hardware.md"
    ),
    "rivals": Kind("rival", names.rivals, "rivals.rows", "RIVALS", _rival),
    "laws": Kind("law of angles", names.laws, "circuits.angles", "INITIAL_LAWS", _law),
    "closed-forms": Kind(
        "closed form",
        names.closed_forms,
        "moments.closed_forms",
        "CLOSED_FORMS",
        _closed_form,
    ),
}
KindName = StrEnum("KindName", {name: name for name in KINDS})  # type: ignore[misc]


def list_names(
    kind: Annotated[KindName | None, typer.Argument(help="All if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what there is by name: ansätze, datasets, tasks, losses, backends, devices and more."""
    chosen = [str(kind)] if kind else list(KINDS)
    if as_json:
        show_json({name: KINDS[name].names() for name in chosen})
        return
    for name in chosen:
        entries = KINDS[name].entries()
        show_facts({key: getattr(entry, "source", "") for key, entry in entries.items()}, name, 24)


def show(
    name: Annotated[str, typer.Argument(help="Any name.", autocompletion=lambda: _all_names())],
    config: Annotated[
        Path | None, typer.Option(help="Look among its datasets, curves, arms and runs, too.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is known of NAME: what it is, what is claimed of it, its source and options."""
    found = list(_found(name)) + (list(_found_in(config, name)) if config else [])
    if not found:
        raise ValueError(_unknown(name, config))
    if as_json:
        show_json(found)
        return
    for told in found:
        title = f"{told.pop('kind')} {told.pop('name')}"
        show_facts(told, title, max(map(len, told)))


def _found(name: str) -> Iterator[dict[str, Any]]:
    for kind in KINDS.values():
        if name in kind.names():
            told = kind.told(kind.entries()[name])
            docs = {"docs": kind.docs} if kind.docs else {}
            yield {"kind": kind.one, **{"name": name, **told}, **docs}


def _found_in(config: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of a config that have a name."""
    from qnnbench import study
    from qnnbench.config import load

    asked = load(config, names=False)
    one_of = {"datasets": "dataset", "trainability": "curve", "training": "arm"}
    for section in ("datasets", "trainability", "training", "rivals", "hardware", "jobs"):
        entry = study.entries(asked, section).get(name)
        if entry is not None:
            word = one_of.get(section, f"entry of {section}")
            yield {"kind": f"{word} of {config}", "name": name, **entry}


def _unknown(name: str, config: Path | None) -> str:
    known = _all_names()
    near = get_close_matches(name, known, n=3)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else "See: qnnbench list."
    place = f" nor does {config} have one" if config else ""
    more = "" if config else " Entries of a config are found with --config FILE."
    return f"Nothing here is named {name!r}{place}. {hint}{more}"


def _all_names() -> list[str]:
    return list(dict.fromkeys(name for kind in KINDS.values() for name in kind.names()))
