"""The choice of a backend: cheapest exact one that fits, limits that stop, reasons in words."""

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.backends import Evaluator, Limits, OverBudget
from qnnbench.backends import choice as choice_module
from qnnbench.backends.choice import BACKENDS, _priced, choose
from qnnbench.backends.protocol import Backend, BackendCannot, Cost
from qnnbench.circuits.ansatze import build_ansatz

t = sympy.Symbol("t")
A, B = cirq.LineQubit.range(2)


def offers(monkeypatch, **costs):
    """Stand in for the table: name -> (is_exact, seconds, bytes), None where it declines."""

    def fixed(offer):
        def cost(query, **options):
            if offer is None:
                raise BackendCannot("too wide.")
            return Cost(*offer[1:])

        return cost

    table = {
        name: Backend(name, None, fixed(offer), bool(offer and offer[0]))
        for name, offer in costs.items()
    }
    monkeypatch.setattr(choice_module, "BACKENDS", table)


@pytest.mark.parametrize(
    ("costs", "limits", "chosen"),
    [
        ({"cut": (False, 1, 1), "dear": (True, 9, 1), "exact": (True, 8, 1)}, {}, "exact"),
        ({"cut": (False, 1, 1), "exact": (True, 8, 1)}, {"exact_s": 5}, "cut"),
        ({"cut": (False, 1, 1), "exact": (True, 8, 99)}, {"memory_bytes": 9}, "cut"),
        ({"cut": (False, 1, 1), "exact": (True, 8, 1)}, {"seconds": 5}, "cut"),
        ({"cut": (False, 9, 1), "exact": (True, 30, 1)}, {}, "cut"),
        ({"cut": (False, 1, 1), "exact": None}, {}, "cut"),
    ],
)
def test_auto_takes_the_cheapest_exact_backend_that_fits(monkeypatch, costs, limits, chosen):
    offers(monkeypatch, **costs)
    choice = choose(None, "auto", 16, Limits(**limits))
    assert choice.backend.name == chosen
    for name, offer in costs.items():  # the reason names every offer and who declined
        assert name in choice.reason
        assert (f"{name} declined" in choice.reason) == (offer is None)


def test_above_the_limits_nothing_starts_and_the_message_has_the_figures():
    network = build_ansatz("qcnn", 8)
    params = np.zeros(len(network.symbols))
    call = (network.circuit, network.observables, params, None, network.symbols)
    with pytest.raises(OverBudget, match=r"statevector .* s and .* MB.*limits are 1e-09 s"):
        qnnbench.expectations(*call, max_seconds=1e-9)
    with pytest.raises(OverBudget, match="Raise max_seconds or max_memory"):
        qnnbench.expectations(*call, backend="heisenberg", max_memory=10)
    with pytest.raises(ValueError, match="seconds must be a number > 0, got 0"):
        qnnbench.expectations(*call, max_seconds=0)
    assert "statevector" in qnnbench.expectations(*call, max_seconds=10).reason


@pytest.mark.parametrize(
    ("seconds", "memory_bytes", "words"),
    [(2.71, 2.4e9, "2.7 s and 2,400 MB"), (0.0123, 99.6e6, "0.012 s and 100 MB")],
)
def test_costs_are_told_in_two_digits_without_exponents(seconds, memory_bytes, words):
    assert _priced(Cost(seconds, memory_bytes)) == words


def test_a_limit_stops_the_doubling_and_the_error_says_so():
    network = build_ansatz("qcnn", 16)
    params = np.random.default_rng(5).normal(0, 0.5, len(network.symbols))
    evaluator = Evaluator.of(network)
    first = evaluator.choice(None, "heisenberg", 16).cost
    limits = Limits(seconds=1.5 * first.seconds)
    result = evaluator(params, None, "heisenberg", 0.0, 64, limits=limits)
    assert result.bond_dim == 16
    assert result.relative_error > 0


@pytest.mark.parametrize("name", [b.name for b in BACKENDS.values() if not b.by_name_only])
def test_every_backend_is_reached_by_name_and_says_why_it_was_taken(name):
    circuit = cirq.Circuit(cirq.X(A), cirq.CX(A, B))
    result = qnnbench.expectations(circuit, cirq.Z(B), [], backend=name)
    assert result.backend == name
    assert result.reason.startswith(f"asked for; {name}")
    assert result.values[0, 0] == pytest.approx(-1, abs=1e-5)


@pytest.mark.parametrize("backend", ["statevector", "heisenberg"])
def test_a_sum_of_projectors_is_one_column(backend):
    circuit = cirq.Circuit(cirq.rx(t)(A), cirq.CX(A, B))
    zero, one = cirq.ProjectorString({A: 0}), cirq.ProjectorString({A: 1, B: 1}, coefficient=3)
    total = cirq.ProjectorSum.from_projector_strings([zero, one])
    result = qnnbench.expectations(circuit, [cirq.Z(B), total], [0.4], backend=backend)
    # <Z_B> = cos t; the sum is cos²(t/2) + 3 sin²(t/2) = 2 - cos t.
    np.testing.assert_allclose(result.values, [[np.cos(0.4), 2 - np.cos(0.4)]], atol=1e-12)
    slope = result.gradient([[0.5, 2.0]])
    np.testing.assert_allclose(slope, [1.5 * np.sin(0.4)], atol=1e-12)


def test_numbers_that_are_not_finite_never_leave(monkeypatch):
    circuit = cirq.Circuit(cirq.rx(t)(A))
    evaluator = Evaluator(circuit, [cirq.Z(A)])
    query, _ = evaluator.query(None)
    sound = BACKENDS["statevector"].evaluate(query, np.array([0.1]))
    for values, slope in (([[np.nan]], 0.0), ([[1.0]], np.inf)):
        broken = type(sound)(
            np.array(values), sound.error, True, lambda _, slope=slope: np.array([slope])
        )
        backend = Backend("broken", lambda *_, b=broken: b, lambda _: Cost(1, 1), True)
        monkeypatch.setattr(choice_module, "BACKENDS", {"broken": backend})
        with pytest.raises(FloatingPointError, match="broken gave"):
            evaluator([0.1]).gradient([[1.0]])
