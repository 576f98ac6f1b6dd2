"""Accuracies above their ceiling are found, lucky ones are not."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest

from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.tasks.ceilings import LEAST_LIKELY, above_ceiling, accuracy_ceiling

ROW = {
    "dataset": "ghz_dephased",
    "n_qubits": 8,
    "arm": "rg_tree",
    "status": "ok",
    "metric": "one_shot_accuracy",
    "n_samples": 200,
    "ceiling": 0.75,
}


def tail(n_correct, n_samples, ceiling):
    """Return P(at least ``n_correct``), term by term."""
    return sum(
        comb(n_samples, k) * ceiling**k * (1 - ceiling) ** (n_samples - k)
        for k in range(n_correct, n_samples + 1)
    )


def test_the_count_where_luck_ends_is_that_of_the_binomial_tail():
    first = next(k for k in range(201) if tail(k, 200, 0.75) < LEAST_LIKELY)
    assert first == 178
    (line,) = above_ceiling([{**ROW, "value": first / 200}])
    for part in ("ghz_dephased at n_qubits=8", "rg_tree", "0.89 (178 of 200)", "0.75"):
        assert part in line
    assert f"p = {tail(first, 200, 0.75):.1e}" in line
    assert line.endswith("an accuracy above its ceiling is a bug or a leak")
    assert above_ceiling([{**ROW, "value": (first - 1) / 200}]) == []


def test_every_row_above_is_told_and_no_other():
    rows = [{**ROW, "value": v, "arm": f"arm {v}"} for v in (0.75, 0.99, 0.5, 1.0, 0.8)]
    lines = above_ceiling(rows)
    assert [line.split(": ")[0].split(", ")[1] for line in lines] == ["arm 0.99", "arm 1.0"]


@pytest.mark.parametrize(
    "change",
    [
        {"metric": "contrast"},
        {"metric": "one_shot_success"},
        {"ceiling": 1.0},
        {"ceiling": None},
        {"ceiling": np.nan},
        {"n_samples": None},
        {"n_samples": np.nan},
        {"value": None},
        {"value": np.nan},
        {"status": "failed"},
    ],
)
def test_what_states_no_ceiling_or_no_count_is_not_held_against_one(change):
    planted = {**ROW, "value": 1.0}
    assert len(above_ceiling([planted])) == 1
    assert above_ceiling([{**planted, **change}]) == []


@pytest.mark.parametrize("ceiling", [0.625, 1.0])
def test_an_exact_accuracy_is_held_against_its_ceiling_up_to_rounding(ceiling):
    exact = {**ROW, "metric": "best_accuracy", "n_samples": None, "ceiling": ceiling}
    (line,) = above_ceiling([{**exact, "value": ceiling + 1e-6}])
    assert f"(exact) is above its ceiling {ceiling:g}, by more than rounding" in line
    assert above_ceiling([{**exact, "value": ceiling + 1e-12}]) == []
    assert above_ceiling([{**exact, "value": ceiling + 1e-6, "ceiling": None}]) == []


def test_honest_guesses_at_the_ceiling_raise_no_alarm():
    counts = np.random.default_rng(0).binomial(200, 0.5, size=2000)
    assert above_ceiling([{**ROW, "ceiling": 0.5, "value": k / 200} for k in counts]) == []


def test_a_family_states_its_ceiling(monkeypatch):
    dataset = build_dataset("ghz_dephased", 4, 8, seed=0)
    family = replace(
        DATASETS["ghz_dephased"], ceiling=lambda dataset, n_copies: 1 - 0.25**n_copies
    )
    monkeypatch.setitem(DATASETS, "ghz_dephased", family)
    assert [accuracy_ceiling(dataset, m) for m in (1, 2)] == [0.75, 0.9375]
    monkeypatch.setitem(DATASETS, "ghz_dephased", replace(family, ceiling=None))
    assert accuracy_ceiling(dataset, 1) == 1
