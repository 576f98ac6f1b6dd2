"""The experiments of ``make reliability``, a few cases of each that takes no study."""

import copy
import sys

import pyarrow as pa
import pytest

from qnnbench.results import write_parquet
from tests.reliability import growth
from tests.reliability.fuzz.cases import Tally
from tests.reliability.fuzz.configs import fuzzed_claims, fuzzed_configs, fuzzed_texts
from tests.reliability.fuzz.files import fuzzed_schemas, fuzzed_states, fuzzed_tables
from tests.reliability.fuzz.words import fuzzed_command_lines
from tests.reliability.page import SECTIONS, TABLES, written
from tests.reliability.rounding import apart
from tests.reliability.studies import children, killed, launched, waited


@pytest.mark.parametrize(
    ("kind", "n_cases"),
    [
        (fuzzed_configs, 60),
        (fuzzed_claims, 30),
        (fuzzed_texts, 40),
        (fuzzed_tables, 300),
        (fuzzed_schemas, 100),
        (fuzzed_states, 200),
        (fuzzed_command_lines, 30),
    ],
)
def test_bad_input_is_refused_in_words_or_read_as_written(kind, n_cases):
    tally = kind(n_cases)
    assert not tally.faults
    assert tally.n_refused > n_cases / 4
    assert tally.n_cases == n_cases


def crashes():
    raise KeyError("a traceback")


def is_silent():
    raise ValueError(" ")


def test_a_crash_and_a_refusal_without_a_word_are_faults():
    tally = Tally("anything")
    tally.one("a", crashes, (ValueError,))
    tally.one("b", is_silent, (ValueError,))
    tally.one("c", lambda: None, (ValueError,))
    assert tally.faults == ["KeyError: 'a traceback'; in a", "refused without a word: b"]
    assert tally.n_taken == 1


def test_a_study_grows_to_the_cells_asked_for():
    config = growth.study_of(1000)
    cells = [n for curve in config["trainability"] for n in curve["widths"]]
    assert len(cells) == 1000
    assert len({curve["curve"] for curve in config["trainability"]}) == 100


def test_what_a_killed_process_started_is_found_and_killed(tmp_path):
    run = launched(["sh", "-c", "sleep 60 & sleep 60"], tmp_path)
    assert waited(lambda: len(children(run.pid)) == 2, 10)
    workers = children(run.pid)
    killed([run.pid, *workers])
    assert run.wait(10) == -9
    assert not children(run.pid)


def test_memory_is_that_of_the_command_and_not_of_what_starts_it():
    held = bytearray(300_000_000)
    small, larger = (
        growth.measured("a list", 1, [sys.executable, "-c", f"bytearray({n})"])
        for n in (0, 100_000_000)
    )
    assert small.peak_mb < 50 < 100 < larger.peak_mb < 200 < len(held) / 1e6
    with pytest.raises(RuntimeError, match="a list at 1 cells failed: no"):
        growth.measured("a list", 1, [sys.executable, "-c", "raise SystemExit('no')"])


@pytest.mark.parametrize(
    ("edit", "distance"),
    [
        ({}, 0),
        ({"params": [[1.0, 2.0], [400.0 + 4e-7]]}, 1e-9),
        ({"loss": [0.5 + 1e-9, float("nan")]}, 1e-9),
        ({"loss": [0.5, 0.5]}, float("inf")),
        ({"params": [[1.0, 2.0, 400.0], []]}, float("inf")),
        ({"backend": ["tree", "qsim"]}, float("inf")),
        ({"wall_time_s": [3.0, 4.0]}, 0),
    ],
)
def test_tables_are_as_far_apart_as_their_numbers(tmp_path, edit, distance):
    columns = {
        "params": [[1.0, 2.0], [400.0]],
        "loss": [0.5, float("nan")],
        "backend": ["tree", "tree"],
        "wall_time_s": [1.0, 2.0],
    }
    for name, content in (("a", columns), ("b", columns | edit)):
        write_parquet(tmp_path / name, pa.table(content))
    assert apart(tmp_path / "a", tmp_path / "b") == pytest.approx(distance, rel=1e-6)
    assert apart(tmp_path / "a", tmp_path / "none") == float("inf")


def test_the_page_shows_what_ran_and_says_what_did_not():
    rows = [{"how": "1 cores", "n_files": 9, "differing": [], "reason": ""}]
    rows.append({**copy.copy(rows[0]), "how": "Slurm", "n_files": 0, "reason": "no sbatch"})
    page = written({"determinism": {"on": "a day, a machine", "rows": rows}})
    assert "Measured on a day, a machine." in page
    assert "| Slurm | no sbatch |  |" in page
    assert page.count("Not run yet.") == len(SECTIONS) - 1
    assert set(TABLES) == set(SECTIONS)
