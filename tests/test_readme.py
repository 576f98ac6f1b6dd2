"""The README's Python runs as printed, and its claims about files are true."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def names():
    scope = {}
    for block in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL):
        exec(compile(block, "README.md", "exec"), scope)
    return scope


def test_the_examples_give_what_the_text_says(names):
    assert names["result"].values.shape == (8, 1)
    assert names["slope"].shape == (209,)
    assert (names["machine"].n_logical, names["machine"].n_physical) == (100, 7)
    oracle = (ROOT / "tests" / "moments.csv").read_text()
    row = re.search(r"^hea,12,12,global,uniform,variance,,([-.\d]+),", oracle, re.MULTILINE)
    assert names["moments"].log10_variance == pytest.approx(float(row[1]), abs=1e-3)


def test_the_worked_ansatz_has_moments_and_values_at_sixty_qubits(names):
    # The middle of 60 qubits sees two layers of neighbours only, as the middle of 5 does;
    # there the variance is sampled through the exact backend.
    exact = names["exact"]
    assert exact.relative_error < 1e-3
    assert names["value"].is_exact
    rng = np.random.default_rng(1)
    network = names["staircase"](5, 2)
    small = names["qnnbench"].moments(network.circuit, network.observables[0], network.symbols)
    draws = [
        names["qnnbench"]
        .expectations(
            network.circuit,
            network.observables,
            rng.uniform(0, 2 * np.pi, len(network.symbols)),
            symbols=network.symbols,
        )
        .values[0, 0]
        for _ in range(1500)
    ]
    spread = np.var(np.square(draws)) / 1500  # of the mean square, whose mean is the variance
    assert abs(np.mean(np.square(draws)) - 10**small.log10_variance) < 5 * np.sqrt(spread)
    assert exact.log10_variance == pytest.approx(small.log10_variance, abs=1e-9)  # light cone


def test_files_and_links_that_the_readme_names_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    for config in re.findall(r"config/\w+\.yaml", README):
        assert (ROOT / config).exists(), config
