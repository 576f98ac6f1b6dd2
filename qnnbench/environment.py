"""What this computer offers: packages against the lock, extras, threads, memory, folders."""

import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import psutil
from packaging.requirements import Requirement

from qnnbench.checkout import ROOT

LOCK = ROOT / "requirements.txt"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
EXTRAS = {  # of pyproject.toml that users may add, and what each brings
    "qec": "minimum-weight matching beside trained decoders",
    "quantinuum": "Quantinuum's compiler, emulators and machines",
    "ibm": "IBM's emulators and machines",
    "gpu": "arrays on a CUDA device",
}
LEAST_GB = 4.0  # what configs allow one training step
LEAST_DISK_GB = 2.0  # the default study writes 0.2
BROKEN = (ImportError, AttributeError, ValueError, TypeError, RuntimeError, OSError)
EXACT = 1e-12  # of a value of modulus 1 at most, from sums of a few thousand terms


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        name: What was looked at.
        status: "ok", "note" where it is as it may be, or "wrong".
        found: What is the case.
        remedy: What to do; "" where nothing is.
    """

    name: str
    status: str
    found: str
    remedy: str = ""


def missing_of(extra: str) -> list[str]:
    """Return the requirements of an extra that are not met here; markers are heeded."""
    asked = [Requirement(text) for text in requires("qnnbench") or []]
    return [
        str(one).partition(";")[0].strip()
        for one in asked
        if one.marker
        and not one.marker.evaluate({"extra": ""})
        and one.marker.evaluate({"extra": extra})
        and not _is_met(one)
    ]


def _is_met(asked: Requirement) -> bool:
    try:
        return asked.specifier.contains(version(asked.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    is_old = sys.version_info < (3, 11)
    return Finding("Python", "wrong" if is_old else "ok", found, "3.11 or newer" * is_old)


def _packages() -> Finding:
    """Compare what is installed with what pyproject.toml asks for and what the lock names."""
    asked = [Requirement(text) for text in requires("qnnbench") or []]
    own = [one for one in asked if not one.marker or one.marker.evaluate({"extra": ""})]
    if broken := [str(one) for one in own if not _is_met(one)]:
        return Finding("packages", "wrong", f"not met: {', '.join(broken)}", "make setup")
    if not LOCK.is_file():
        return Finding("packages", "note", "as asked for; no lock to compare with")
    other = [f"{name} {here}, not {locked}" for name, locked, here in _differing()]
    if not other:
        return Finding("packages", "ok", "as the lock says")
    remedy = "make setup gives the versions that the results were made with"
    return Finding("packages", "note", f"other than locked: {', '.join(other)}", remedy)


def _differing() -> list[tuple[str, str, str]]:
    """Return (name, locked version, version here) of installed packages that differ."""
    found = []
    for name, locked in re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCK.read_text(), re.MULTILINE):
        try:
            here = version(name)
        except PackageNotFoundError:
            continue  # of another platform or Python
        if here != locked:
            found.append((name, locked, here))
    return found


def _threads() -> Finding:
    told = {name: os.environ.get(name, "not set") for name in THREADS}
    found = ", ".join(f"{name} {value}" for name, value in told.items())
    if set(told.values()) == {"1"}:
        return Finding("threads", "ok", found)
    remedy = f"export {' '.join(f'{name}=1' for name in THREADS)}; make and snakemake do it"
    return Finding("threads", "note", found, remedy)


def _cores() -> Finding:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding("cores", "ok", f"{count} for this process; snakemake --cores {count}")


def _memory() -> Finding:
    free = psutil.virtual_memory().available / 1e9
    found = f"{free:.1f} GB free of {psutil.virtual_memory().total / 1e9:.1f}"
    if free >= LEAST_GB:
        return Finding("memory", "ok", found)
    remedy = f"a training step may take {LEAST_GB:g} GB: lower budgets.training_gb of the config"
    return Finding("memory", "note", found, remedy)


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    found = f"{free:.1f} GB free in {Path.cwd()}"
    if free >= LEAST_DISK_GB:
        return Finding("disk", "ok", found)
    return Finding("disk", "wrong", found, f"free {LEAST_DISK_GB:g} GB, or work elsewhere")


def _folders() -> Finding:
    """Say whether results can be written here, and plans and compiled code be kept."""
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    places = [Path.cwd(), next(p for p in (kept, *kept.parents) if p.exists()), *_compiled_in()]
    if closed := [str(place) for place in places if not os.access(place, os.W_OK)]:
        remedy = "work in a folder of your own; XDG_CACHE_HOME and NUMBA_CACHE_DIR name others"
        return Finding("folders", "wrong", f"not writable: {', '.join(closed)}", remedy)
    return Finding("folders", "ok", "results, plans and compiled code can be written")


def _compiled_in() -> list[Path]:
    """Return the folder that is set for compiled code, or that of the kernels."""
    own = Path(__file__).parent / "backends" / "statevector"
    return [Path(os.environ.get("NUMBA_CACHE_DIR") or own)]


def _compiled() -> Finding:
    if kept := [file for place in _compiled_in() for file in place.rglob("*.nbi")]:
        return Finding("compiled code", "ok", f"kept: {len(kept)} kernels")
    return Finding("compiled code", "note", "none yet: the first call compiles for seconds")


def _extras() -> list[Finding]:
    findings = []
    for extra, brings in EXTRAS.items():
        missing = missing_of(extra)
        remedy = f"pip install 'qnnbench[{extra}]' adds {brings}"
        found = f"lacks {', '.join(missing)}" if missing else "present"
        status = "note" if missing else "ok"
        findings.append(Finding(f"extra {extra}", status, found, remedy if missing else ""))
    return findings


def _exactness() -> Finding:
    """Hold values of every exact gradient backend against Cirq's simulator in complex128."""
    import cirq
    import numpy as np

    from qnnbench.backends import BackendCannot, expectations
    from qnnbench.circuits.ansatze import build_ansatz

    network = build_ansatz("qcnn", 6)
    read = [one for one in network.observables if isinstance(one, cirq.PauliString)]
    params = np.random.default_rng(1).uniform(0, 2 * np.pi, len(network.symbols))
    resolver = dict(zip(network.symbols, params, strict=True))
    oracle = cirq.Simulator(dtype=np.complex128).simulate_expectation_values(
        network.circuit, observables=[*read], param_resolver=resolver
    )
    worst: dict[str, float] = {}
    for backend in ("statevector", "tensor_network", "tree"):
        try:
            own = expectations(network.circuit, read, params, None, network.symbols, backend)
        except BackendCannot:
            continue
        worst[backend] = float(np.abs(own.values[0] - np.real(oracle)).max())
    told = ", ".join(f"{backend} {distance:.1g}" for backend, distance in worst.items())
    found = f"distance from cirq.Simulator at 6 qubits: {told}"
    if max(worst.values()) <= EXACT:
        return Finding("exactness", "ok", found)
    remedy = "make setup, then make test; report it with the output of this command"
    return Finding("exactness", "wrong", found, remedy)


CHECKS: tuple[Callable[[], Finding | list[Finding]], ...] = (
    _python,
    _packages,
    _threads,
    _cores,
    _memory,
    _disk,
    _folders,
    _compiled,
    _extras,
    _exactness,
)


def findings_of(check: Callable[[], Finding | list[Finding]]) -> list[Finding]:
    """Return what a check found; one that cannot run is wrong itself."""
    try:
        found = check()
    except BROKEN as error:
        name = check.__name__.strip("_")
        return [Finding(name, "wrong", f"{type(error).__name__}: {error}", "make setup")]
    return found if isinstance(found, list) else [found]
