"""Released networks: the shipped angles give the shipped scores."""

import numpy as np
import pytest

from qnnbench.released import released, trained
from qnnbench.states.datasets import build_dataset
from qnnbench.training.scoring import scorer
from qnnbench.training.settings import Settings


def test_the_flagship_is_released_at_its_widths():
    assert released() == {"rg_tree": (8, 16, 32, 64, 100)}


@pytest.mark.parametrize("n_qubits", [8, 100])
def test_shipped_angles_give_the_shipped_scores(n_qubits):
    found = trained("rg_tree", n_qubits)
    dataset = build_dataset(found.facts["dataset"], n_qubits, seed=found.facts["seed"])
    judge = scorer("classification", found.network, dataset, Settings())
    idle = np.zeros_like(found.params)
    rows, error = judge.test(found.params, idle, np.random.default_rng(0), 16)
    contrast = next(row for row in rows if row["metric"] == "contrast")
    assert error == 0
    assert contrast["value"] == pytest.approx(found.scores["contrast"], abs=1e-6)
    assert contrast["value"] > 0.95 * contrast["ceiling"]
    assert rows[0]["value"] == found.scores["accuracy"] == 1


def test_what_is_not_released_is_named():
    with pytest.raises(ValueError, match=r"released at n_qubits \[8, 16, 32, 64, 100\], got 12"):
        trained("rg_tree", 12)
    with pytest.raises(ValueError, match="Did you mean 'rg_tree'"):
        trained("rg_tre", 8)
