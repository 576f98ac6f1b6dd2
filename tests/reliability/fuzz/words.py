"""Spoiled command lines, in this process: words dropped, doubled, changed for hostile ones."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from hypothesis import strategies as st
from typer.testing import CliRunner

import qnnbench
from qnnbench.cli import COMMANDS, app
from qnnbench.states.storage import write_dataset
from tests.reliability.fuzz.cases import HOSTILE, LATE_S, Tally, repeated
from tests.reliability.studies import SMOKE

LINES = {  # what works, quickly; resume starts a process where its config is there
    "check": "study.yaml",
    "plan": "study.yaml --results out",
    "resume": "nowhere.yaml --dry",
    "compare": "states.parquet states.parquet --json",
    "history": "out --commit abc --date 2026-11-28T10:00:00+00:00 --folder out",
    "list": "ansatze --json",
    "show": "hea --config study.yaml",
    "cite": "qcnn spt_path study.yaml",
    "variance": "hea 2 3 --option n_layers=2 --plot out/curve.png",
    "moments": "hea 3 --option n_layers=1 --angles uniform --json",
    "dataset": "states.parquet --json",
    "certify": "spt_path 4 --states 2 --seed 1",
    "export": "states.parquet 0 --format qasm3 --out out/state.qasm",
    "train": "tree spt_path 4 --steps 2 --repeats 1 --rate 0.1 --seed 3 --out out",
    "new": "ansatz mine --folder out",
    "contract": "own.py --function build --width 2 --json",
    "import": "circuit.qasm --out out/own.py",
    "circuit": "hea 3 --format qasm3 --option n_layers=1 --out out/c.qasm",
    "dry-run": "hea 3 --vendor quantinuum --shots 100",
    "doctor": "--json",
}
OWN = "import cirq\n\ndef build(n_qubits):\n    return cirq.Circuit()\n"
QASM = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nrx(0.5) q[0];\ncx q[0], q[1];\n'


def fuzzed_command_lines(n_cases: int) -> Tally:
    """Return what became of spoiled command lines: status 0, 1 or 2, words, no half-made files."""
    tally = Tally("command lines")
    with _workplace() as folder:
        before = _files(folder)

        def case(words: list[str]) -> None:
            tally.one(repr(words), lambda: _call(words, folder, before), (RefusedError,))
            for file in _files(folder) - before:
                (folder / file).unlink()

        repeated(case, spoiled_lines(), n_cases)
    return tally


class RefusedError(Exception):
    """The command line answered with a status other than 0."""


@st.composite
def spoiled_lines(draw: st.DrawFn) -> list[str]:
    """Return a command line with up to three words dropped, doubled, replaced or put in."""
    command = draw(st.sampled_from(sorted(LINES)))
    words = LINES[command].split()
    strange = st.sampled_from(HOSTILE) | st.sampled_from(_known_words()) | st.text(max_size=8)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(words)))
        edit = draw(st.sampled_from(["replace", "drop", "double", "put"]))
        replaced = {"replace": [draw(strange)], "drop": [], "double": words[at : at + 1] * 2}
        words[at : at + (edit != "put")] = replaced.get(edit, [draw(strange)])
    return [command, *words]


def _known_words() -> list[str]:
    return sorted({word for line in LINES.values() for word in line.split()} | set(COMMANDS))


def _call(words: list[str], folder: Path, before: set[str]) -> None:
    with _time_limit():
        answer = CliRunner().invoke(app, words)
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    if answer.exit_code not in (0, 1, 2):
        raise AssertionError(f"exit status {answer.exit_code}")
    if answer.exit_code == 2:
        half_made = sorted(_files(folder) - before)
        if half_made:
            raise AssertionError(f"refused, and left {half_made}")
        raise RefusedError(answer.output)


@contextmanager
def _time_limit() -> Iterator[None]:
    """Raise TimeoutError in what takes longer than a case may."""

    def late(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"still at work after {LATE_S} s")

    previous = signal.signal(signal.SIGALRM, late)
    signal.alarm(LATE_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


@contextmanager
def _workplace() -> Iterator[Path]:
    """Yield a folder with the files of ``LINES``, made the working directory."""
    came_from = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "inside"
        (folder / "out").mkdir(parents=True)
        shutil.copy(SMOKE, folder / "study.yaml")
        (folder / "own.py").write_text(OWN)
        (folder / "circuit.qasm").write_text(QASM)
        states = qnnbench.dataset("spt_path", n_qubits=4, n_samples=6, seed=1)
        write_dataset(folder / "states.parquet", states)
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(came_from)


def _files(folder: Path) -> set[str]:
    """Return every file in and beside a folder, so that what escapes from it is seen."""
    found = (Path(root) / name for root, _, names in os.walk(folder.parent) for name in names)
    return {os.path.relpath(file, folder) for file in found}
