"""Closed forms against the exact moments of the networks they are said to hold for."""

import numpy as np
import pytest

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.moments.closed_forms import CLOSED_FORMS
from qnnbench.moments.rows import class_representatives, trainability_row
from qnnbench.moments.verdict import scaling_verdict
from qnnbench.states.datasets import build_dataset

EXACT = [form for form in CLOSED_FORMS.values() if not form.is_limit]
LIMITS = [form for form in CLOSED_FORMS.values() if form.is_limit]


def row_of(form, n_qubits, angles):
    network = build_ansatz(form.ansatz, n_qubits, **form.options)
    data = form.contrast and build_dataset(form.contrast, n_qubits, seed=1)
    states = data and class_representatives(data)
    return trainability_row(network, angles=angles, contrast=states or None)


@pytest.mark.parametrize("n_qubits", [4, 5, 7])
@pytest.mark.parametrize("form", EXACT, ids=lambda form: form.name)
def test_a_closed_form_is_the_exact_moment_of_its_network(form, n_qubits):
    row = row_of(form, n_qubits, form.angles)
    assert form.log10_variance(n_qubits) == pytest.approx(row["log10_variance"], abs=1e-9)
    if form.log10_gradient_variance is None:
        return
    mean, largest = form.log10_gradient_variance(n_qubits)
    assert mean == pytest.approx(row["log10_gradient_variance_mean"], abs=1e-9)
    assert largest == pytest.approx(row["log10_gradient_variance_max"], abs=1e-9)


@pytest.mark.parametrize("form", LIMITS, ids=lambda form: form.name)
def test_a_limit_is_approached_with_depth(form):
    gaps = []
    for n_layers in (2, 8, 24):
        network = build_ansatz(form.ansatz, 4, n_layers=n_layers)
        row = trainability_row(network, angles="uniform")
        middle = len(network.symbols) // 2  # a rotation between two deep halves
        logs = [row["log10_variance"], row["log10_gradient_variance"][middle]]
        wanted = [form.log10_variance(4), form.log10_gradient_variance(4)[0]]
        gaps.append(np.abs(np.subtract(logs, wanted)))
    assert (gaps[2] < 1e-2).all()
    assert (gaps[2] < gaps[0]).all()


def test_two_values_that_were_published():
    # McClean et al. 2018: Var falls as 2^-2n .. 2^-n; d = 2: 4 / (2·3·3) = 2/9.
    mean, _ = CLOSED_FORMS["two_design"].log10_gradient_variance(1)
    assert 10**mean == pytest.approx(2 / 9)
    # A tree over two leaves: v' = (2/3 + 3/9) / 5 = 1/5 = 1/(d + 1) at d = 4.
    assert 10 ** CLOSED_FORMS["haar_tree"].log10_variance(2) == pytest.approx(1 / 5)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("product_global", "exponential"),
        ("product_local", "polynomial"),
        ("two_design", "exponential"),
        ("haar_tree", "polynomial"),
        ("haar_tree_contrast", "exponential"),
    ],
)
def test_the_verdict_on_a_closed_form_is_what_its_formula_says(name, verdict):
    widths = [16, 32, 64, 128, 256]
    logs = [CLOSED_FORMS[name].log10_variance(n) for n in widths]
    assert scaling_verdict(widths, logs).verdict == verdict
