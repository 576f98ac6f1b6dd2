"""Released networks: the shipped angles give the shipped scores."""

import numpy as np
import pytest

from qnnbench.released import released, trained
from qnnbench.released.__main__ import rows
from qnnbench.states.datasets import build_dataset
from qnnbench.training.scoring import scorer
from qnnbench.training.settings import Settings


def test_the_flagship_is_released_at_its_widths():
    assert released() == {"rg_tree": (8, 16, 32, 64, 100)}


@pytest.mark.parametrize(("n_qubits", "backend"), [(8, "statevector"), (100, "tree")])
def test_shipped_angles_give_the_shipped_scores(n_qubits, backend):
    found = trained("rg_tree", n_qubits)
    dataset = build_dataset(found.facts["dataset"], n_qubits, seed=found.facts["seed"])
    judge = scorer("classification", found.network, dataset, Settings(backend=backend))
    idle = np.zeros_like(found.params)
    scores, error = judge.test(found.params, idle, np.random.default_rng(0), 16)
    contrast = next(row for row in scores if row["metric"] == "contrast")
    assert error == 0
    assert contrast["value"] == pytest.approx(found.scores["contrast"], abs=1e-9)
    assert scores[3]["value"] == pytest.approx(found.scores["one_shot_success"], abs=1e-9)
    assert contrast["value"] > 0.95 * contrast["ceiling"]
    assert scores[0]["value"] == found.scores["accuracy"] == 1


def test_the_command_makes_the_same_angles_again():
    # Another processor may round otherwise; training forgets it, at this tolerance.
    (row,) = rows("rg_tree", (8,))
    found = trained("rg_tree", 8)
    assert row["symbols"] == [symbol.name for symbol in found.network.symbols]
    np.testing.assert_allclose(row["params"], found.params, atol=1e-5)
    assert dict(row["scores"])["contrast"] == pytest.approx(found.scores["contrast"], abs=1e-6)
    assert {name: row[name] for name in ("seed", "n_steps", "loss_name", "licence")} == {
        name: found.facts[name] for name in ("seed", "n_steps", "loss_name", "licence")
    }


def test_what_is_not_released_is_named():
    with pytest.raises(ValueError, match=r"released at n_qubits \[8, 16, 32, 64, 100\], got 12"):
        trained("rg_tree", 12)
    with pytest.raises(ValueError, match="Did you mean 'rg_tree'"):
        trained("rg_tre", 8)
