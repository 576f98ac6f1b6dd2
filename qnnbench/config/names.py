"""Names, options and widths that a config asks for, held against tables and builders."""

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from qnnbench.config.laws import first_angles, law_of
from qnnbench.config.problems import KeyPath, Problem, unknown
from qnnbench.own import is_own
from qnnbench.registry import lookup

if TYPE_CHECKING:
    from qnnbench.circuits.ansatze import Network

GIVEN = ("n_qubits", "seed")  # what the study itself hands to builders
MACHINE_SECTIONS = ("hardware", "jobs", "device_training")  # their entries name a trained arm
TRIED_WIDTH = 16  # dataset options are tried by building up to here, in seconds

Entries = list[tuple[str | int, Mapping[str, Any]]]


def listed(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as the only item of one."""
    return value if isinstance(value, list) else [value]


def entries_of(config: Mapping[str, Any], section: str, broken: set[KeyPath]) -> Entries:
    """Return the keys and entries of a section in which the schema finds no fault."""
    block = config.get(section)
    if isinstance(block, Mapping):
        pairs: Iterable[tuple[str | int, Any]] = block.items()
    else:
        pairs = enumerate(block) if isinstance(block, list) else ()
    return [(key, entry) for key, entry in pairs if not {(section, key), (section,)} & broken]


def reference_problems(sound: Mapping[str, Entries], known: Sequence[str]) -> Iterator[Problem]:
    """Yield names given twice, and entries that ask for states the config does not make.

    Args:
        sound: Entries by section.
        known: Names of all datasets of the config, those in trouble included.
    """
    for section, name in (("trainability", "curve"), ("training", "arm")):
        times = Counter(entry[name] for _, entry in sound[section])
        for key, entry in sound[section]:
            if times[entry[name]] > 1:
                yield Problem((section, key, name), f"{entry[name]!r} names two entries")
    datasets = dict(sound["datasets"])
    asked: list[tuple[KeyPath, KeyPath, str, Mapping[str, Any]]] = [
        ((section, key), (section, key, states), dataset, entry)
        for section, states in (("trainability", "contrast"), ("training", "dataset"))
        for key, entry in sound[section]
        for dataset in (listed(entry[states]) if states in entry else ())
    ]
    for key, entry in sound["rivals"]:
        asked.append((("rivals", key), ("rivals", key), str(key), entry))
    for path, where, dataset, entry in asked:
        if dataset not in known:
            yield Problem(where, unknown(known, dataset, "dataset here"))
            continue
        widths = datasets.get(dataset, entry)["widths"]
        needed = {*entry["widths"], *entry.get("curriculum", [])}
        if missing := sorted(n for n in needed if n not in widths):
            text = f"dataset {dataset!r} is not made at {missing}, only at {widths}"
            yield Problem((*path, "widths"), text)


def machine_problems(sound: Mapping[str, Entries]) -> Iterator[Problem]:
    """Yield runs on machines whose arm, width, repeat or device does not exist."""
    from qnnbench.hardware.devices import DEVICES
    from qnnbench.hardware.vendors import EMULATED

    arms = {entry["arm"]: entry for _, entry in sound["training"]}
    for section in MACHINE_SECTIONS:
        for key, entry in sound[section]:
            arm = arms.get(entry["arm"])
            if arm is None:
                yield Problem((section, key, "arm"), unknown(arms, entry["arm"], "arm here"))
                continue
            if arm["task"] != "classification":
                text = f"{arm['arm']!r} is trained for {arm['task']}, machines run classification"
                yield Problem((section, key, "arm"), text)
            if missing := sorted(set(entry["widths"]) - set(arm["widths"])):
                text = f"{arm['arm']!r} is not trained at {missing}, only at {arm['widths']}"
                yield Problem((section, key, "widths"), text)
            if entry.get("repeat", 0) >= arm["repeats"]:
                text = f"{arm['arm']!r} has repeats 0 to {arm['repeats'] - 1}"
                yield Problem((section, key, "repeat"), text)
            if section == "device_training":
                yield from _further_problems((section, key), entry, arm)
            known = EMULATED if section == "jobs" else DEVICES
            if entry.get("vendor", "emulator") == "emulator":
                for device in entry["devices"]:
                    if bad := unknown(known, device, "device"):
                        yield Problem((section, key, "devices"), bad)


def _further_problems(
    path: KeyPath, entry: Mapping[str, Any], arm: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield why a machine cannot train an arm further."""
    if entry["repeats"] > arm["repeats"]:
        text = f"{arm['arm']!r} has {arm['repeats']} repeats, {entry['repeats']} are asked for"
        yield Problem((*path, "repeats"), text)
    losses = [told.get("loss", arm.get("loss", "contrast")) for told in arm.get("stages", [{}])]
    if odd := [loss for loss in losses if loss != "contrast"]:
        text = f"a machine minimises the contrast, {arm['arm']!r} was trained on {odd[0]!r}"
        yield Problem((*path, "arm"), f"{text}: take an arm with loss: contrast")


def surrogate_problems(sound: Mapping[str, Entries]) -> Iterator[Problem]:
    """Yield arms that leave no network to classify a dataset of the rivals with."""
    arms = {entry["arm"]: entry for _, entry in sound["training"]}
    for key, entry in sound["rivals"]:
        path = ("rivals", key, "surrogates_of")
        for name in entry.get("surrogates_of", []):
            if name not in arms:
                yield Problem(path, unknown(arms, name, "arm"))
                continue
            arm = arms[name]
            if arm["dataset"] != key or arm["task"] != "classification":
                text = f"arm {name!r} is for {arm['task']} of {arm['dataset']!r}"
                yield Problem(path, f"{text}, not for classification of {key!r}")
            elif not set(arm["widths"]) & set(entry["widths"]):
                text = f"arm {name!r} is trained at {arm['widths']}, none of {entry['widths']}"
                yield Problem(path, text)


def name_problems(sound: Mapping[str, Entries]) -> Iterator[Problem]:
    """Yield names no table knows, options no builder takes, and values builders refuse."""
    from qnnbench.moments.closed_forms import CLOSED_FORMS

    families = {name: str(entry.get("family", name)) for name, entry in sound["datasets"]}
    for name, entry in sound["datasets"]:
        yield from _dataset_problems(("datasets", name), families[name], entry)
    for key, entry in sound["rivals"]:
        yield from _rival_problems(("rivals", key), families.get(key, str(key)), entry)
    for key, entry in sound["trainability"]:
        path = ("trainability", key)
        for form in listed(entry.get("closed_form", [])):
            where = (*path, "closed_form")
            yield from _refused(where, lookup, CLOSED_FORMS, form, "closed form")
        for angles in listed(entry.get("angles", [])):
            yield from _refused((*path, "angles"), law_of, angles, 2, 1)
        if "closed_form" not in entry:
            yield from _ansatz_problems(path, entry)
    for key, entry in sound["training"]:
        path = ("training", key)
        family = families.get(entry["dataset"], str(entry["dataset"]))
        yield from _arm_problems(path, family, entry)
    arms = {entry["arm"]: entry for _, entry in sound["training"]}
    for key, entry in sound["device_training"]:
        yield from _shot_problems(("device_training", key), entry, arms.get(entry["arm"], {}))


def _shot_problems(
    path: KeyPath, entry: Mapping[str, Any], arm: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield a budget below one step, and a readout that is no single Pauli string."""
    from qnnbench.circuits.ansatze import build_ansatz
    from qnnbench.hardware.on_device import DeviceSettings, readable

    yield from _refused(path, DeviceSettings.of, entry)
    if "ansatz" in arm and arm["task"] == "classification":

        def read() -> None:
            readable(build_ansatz(arm["ansatz"], min(arm["widths"]), **arm.get("options", {})))

        yield from _refused((*path, "arm"), read)


def _dataset_problems(path: KeyPath, family: str, entry: Mapping[str, Any]) -> Iterator[Problem]:
    from qnnbench.states.datasets import DATASETS, build_dataset, has_width

    if "sources" in entry:
        yield from _own_states_problems(path, entry)
        return
    if bad := _refused(path, lookup, DATASETS, family, "dataset"):
        yield from bad
        return
    known, options = DATASETS[family], entry.get("options", {})
    problems = list(_option_problems(path, known.generate, f"dataset {family!r}", entry))
    if wrong := [n for n in entry["widths"] if not has_width(known, n)]:
        text = f"dataset {family!r} needs {known.widths} >= {known.min_qubits}, got {wrong}"
        problems.append(Problem((*path, "widths"), text))
    least = min(entry["widths"])
    if options and not problems and least <= TRIED_WIDTH:
        build = partial(build_dataset, seed=0, **options)
        problems += _refused((*path, "options"), build, family, least)
    yield from problems


def _own_states_problems(path: KeyPath, entry: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with states of the user's own at the least width."""
    from qnnbench.states.own import own_dataset

    least = min(entry["widths"])
    if least <= TRIED_WIDTH or "function" not in entry["sources"][str(least)]:
        build = partial(own_dataset, seed=0, **entry.get("options", {}))
        yield from _refused(path, build, entry["sources"][str(least)], str(path[-1]), least)


def _rival_problems(path: KeyPath, family: str, entry: Mapping[str, Any]) -> Iterator[Problem]:
    from qnnbench.rivals.records import RECORDS
    from qnnbench.rivals.rows import RIVALS
    from qnnbench.tasks import check_served

    yield from _refused(path, check_served, "classification", family)
    for name in entry["rivals"]:
        if bad := _refused((*path, "rivals"), lookup, RIVALS, name, "rival"):
            yield from bad
        elif RECORDS[RIVALS[name].record].takes_copies and "n_copies" not in entry:
            yield Problem(path, f"{name!r} uses up copies of each state: say how many, n_copies")


def _arm_problems(path: KeyPath, family: str, entry: Mapping[str, Any]) -> Iterator[Problem]:
    from qnnbench.tasks import check_served
    from qnnbench.training.decoder import decoder_of
    from qnnbench.training.two_copies import PairSettings

    yield from _refused((*path, "task"), check_served, entry["task"], family)
    if "ansatz" not in entry:
        yield from _refused(path, PairSettings.of, entry)
        return
    yield from _refused((*path, "angles"), first_angles, entry["angles"])
    if entry["task"] == "decoding":
        n_read = min(entry["widths"]) // 2 + 1  # one qubit per Z check and one more
        problems = list(_own_problems((*path, "ansatz"), entry, [n_read]))
        yield from problems or _refused(path, decoder_of, entry, min(entry["widths"]))
        return
    yield from _ansatz_problems(path, entry)


def _ansatz_problems(path: KeyPath, entry: Mapping[str, Any]) -> Iterator[Problem]:
    from qnnbench.circuits.ansatze import ansatz_of

    if bad := _refused((*path, "ansatz"), ansatz_of, entry["ansatz"]):
        yield from _of_file(entry["ansatz"], bad)
        return
    ansatz = ansatz_of(entry["ansatz"])
    problems = list(_option_problems(path, ansatz.build, f"ansatz {ansatz.name!r}", entry))
    if not problems:
        tried = [n for n in sorted(entry["widths"])[1:2] if n <= TRIED_WIDTH]
        problems += _own_problems((*path, "ansatz"), entry, [min(entry["widths"]), *tried])
    yield from problems or _network_problems(path, entry)


def _own_problems(
    path: KeyPath, entry: Mapping[str, Any], widths: Iterable[int]
) -> Iterator[Problem]:
    """Yield what an ansatz of the user's own breaks of the contract, its name included.

    What it breaks at one width it mostly breaks at the next: the first such width is told.
    """
    from qnnbench.circuits.ansatze import ANSATZE, ansatz_of
    from qnnbench.circuits.ansatze.contract import contract_problems

    if not is_own(entry["ansatz"]):
        return
    if bad := _refused(path, ansatz_of, entry["ansatz"]):
        yield from _of_file(entry["ansatz"], bad)
        return
    ansatz = ansatz_of(entry["ansatz"])
    if ansatz.name in ANSATZE:
        text = f"{ansatz.name!r} is an ansatz of the package: rename the file or the function"
        yield from _of_file(entry["ansatz"], [Problem(path, text)])
    depth = {"n_layers": entry["n_layers"][0]} if "n_layers" in entry else {}
    for n_qubits in widths:
        options = {**entry.get("options", {}), **depth}
        where = f"{entry['ansatz']['file']} at {n_qubits} qubits"
        broken = contract_problems(ansatz, n_qubits, **options)
        yield from _of_file(entry["ansatz"], [Problem(path, f"{where}: {t}") for t in broken])
        if broken:
            return


def _of_file(source: Any, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield problems with their fault, where the file of an own ansatz has it at any width."""
    for problem in problems:
        fault = f"{source} {re.sub('[0-9]+', 'n', problem.text)}" if is_own(source) else ""
        yield replace(problem, fault=fault)


def _loss_problems(
    path: KeyPath, entry: Mapping[str, Any], network: "Network"
) -> Iterator[Problem]:
    """Yield losses, rates and settings that an arm cannot have."""
    from qnnbench.circuits.ansatze import build_ansatz
    from qnnbench.tasks import task_loss
    from qnnbench.training.objective import places
    from qnnbench.training.settings import Settings

    task, n_kept = entry["task"], entry.get("n_kept")
    yield from _refused((*path, "loss"), task_loss, task, entry.get("loss", ""), network)
    stages = entry.get("stages", [])
    for i, stage in enumerate(stages):
        told = {**entry, **stage}
        where = (*path, "stages", i)
        if missing := [key for key in ("n_steps", "learning_rate") if key not in told]:
            yield Problem(where, f"{' and '.join(missing)} stand neither here nor with the arm")
        if "loss" in stage:
            yield from _refused((*where, "loss"), task_loss, task, stage["loss"], network)
    if n_kept is not None:
        yield from _refused((*path, "n_kept"), task_loss, task, "", network, n_kept)
    if "target" in entry and task not in ("compression", "preparation"):
        yield Problem((*path, "target"), f"{task} takes all classes: leave target out")
    yield from _refused(path, Settings.of, entry)
    optimisers = {s.get("optimiser", entry.get("optimiser", "adam")) for s in stages or [{}]}
    if entry.get("gradient_noise") and optimisers != {"adam"}:
        text = "only adam is told gradients; n_shots gives losses the noise of so many outcomes"
        yield Problem((*path, "gradient_noise"), text)
    is_grid = isinstance(entry.get("learning_rate"), list)
    if is_grid and stages and all("learning_rate" in stage for stage in stages):
        yield Problem((*path, "learning_rate"), "every stage has its own: a grid says nothing")
    if entry.get("zero_shot") and min(entry["widths"]) <= min(entry.get("curriculum", [0])):
        yield Problem((*path, "widths"), "zero_shot needs a curriculum that starts below each")
    for narrow in entry.get("curriculum", []):
        if narrow < (own := max(entry["widths"])):
            pair = [
                build_ansatz(entry["ansatz"], n, **entry.get("options", {})) for n in (narrow, own)
            ]
            yield from _refused((*path, "curriculum"), places, *pair)


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
            text = unknown(allowed, "n_layers", f"option of {kind}")
            yield Problem((*path, "n_layers"), text)
        elif "n_layers" in entry.get("options", {}):
            yield Problem((*path, "n_layers"), "n_layers is among the options too")
    for option in entry.get("options", {}):
        if option not in allowed:
            text = unknown(allowed, option, f"option of {kind}")
            yield Problem((*path, "options", option), text)


def _network_problems(path: KeyPath, entry: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with option values, observable, task or loss at the least width."""
    from qnnbench.circuits.ansatze import ansatz_of, build_ansatz
    from qnnbench.tasks import TASKS

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
    readout = inspect.signature(ansatz_of(entry["ansatz"]).build).parameters.get("readout")
    if readout and "observable" in entry:
        read = entry.get("options", {}).get("readout", readout.default)
        if entry["observable"] != read:
            text = f"{entry['observable']!r} is not what the ansatz reads, which is {read!r}"
            yield Problem((*path, "observable"), text)
    if "task" in entry:
        if entry["task"] not in TASKS:
            return  # told with the dataset
        yield from _loss_problems(path, entry, network)
