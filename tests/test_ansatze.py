"""The contract of every entry of ANSATZE; what each declares of plateaus is in test_moments."""

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.circuits.angles import INITIAL_LAWS, Fixed, Gaussian, Uniform, laws_of
from qnnbench.circuits.ansatze import ANSATZE, build_ansatz


@pytest.mark.parametrize("name", ANSATZE)
@pytest.mark.parametrize("n_qubits", [2, 5, 8])
def test_entry_keeps_the_contract(name, n_qubits):
    network = build_ansatz(name, n_qubits)
    assert network.circuit.all_qubits() == frozenset(cirq.LineQubit.range(n_qubits))
    assert len(network.symbols) == len(set(network.symbols))
    assert {s.name for s in network.symbols} == cirq.parameter_names(network.circuit)
    assert all(cirq.num_qubits(op) <= 2 for op in network.circuit.all_operations())
    rng = np.random.default_rng(0)
    angles = dict(zip(network.symbols, rng.normal(size=len(network.symbols)), strict=True))
    bound = cirq.resolve_parameters(network.circuit, angles)
    assert all(cirq.has_unitary(op) for op in bound.all_operations())
    assert network.observables


@pytest.mark.parametrize("name", ANSATZE)
def test_entry_cites_a_source_that_the_report_knows(name):
    from importlib.resources import files

    entries = (files("qnnbench.report") / "references.bib").read_text()
    assert f"{{{ANSATZE[name].bibtex}," in entries
    assert ANSATZE[name].source.startswith(("doi:", "arXiv:"))


@pytest.mark.parametrize(
    ("name", "options", "n_symbols"),
    [
        ("qcnn", {}, 209),  # 7 even and 6 odd sublayers of 15, 7 poolings of 2
        ("rg_tree", {}, 120),  # 8 shapes of 15
        ("rg_tree", {"sharing": "scale"}, 15),
        ("tree", {}, 99 * 15),
        ("brickwork", {"sharing": "layer"}, 7 * 15),
        ("hea", {"n_layers": 3}, 600),
    ],
)
def test_number_of_angles_at_a_hundred_qubits(name, options, n_symbols):
    assert len(build_ansatz(name, 100, **options).symbols) == n_symbols


def test_idle_qubits_belong_to_the_network():
    assert build_ansatz("brickwork", 5, n_layers=1).n_qubits == 5


def test_hea_orders_symbols_by_layer_axis_and_qubit():
    names = [s.name for s in build_ansatz("hea", 3, n_layers=2).symbols]
    assert names[:7] == ["ry_0_0", "ry_0_1", "ry_0_2", "rz_0_0", "rz_0_1", "rz_0_2", "ry_1_0"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("hae", 4, {}), "Did you mean 'hea'"),
        (("hea", 1, {}), "n_qubits must be a whole number >= 2, got 1"),
        (("hea", 4.0, {}), "n_qubits must be a whole number"),
        (("hea", 4, {"n_layers": 0}), "n_layers must be a whole number >= 1"),
        (("hea", 4, {"readout": "gloabl"}), "Did you mean 'global'"),
        (("qcnn", 4, {"sharing": "scale"}), "No parameter sharing named 'scale'"),
        (("qcnn", 4, {"layers": 3}), r"No option of ansatz 'qcnn' named 'layers'.*sharing"),
    ],
)
def test_bad_requests_are_answered_with_what_is_known(call, message):
    name, n_qubits, options = call
    with pytest.raises(ValueError, match=message):
        qnnbench.ansatz(name, n_qubits, **options)


@pytest.mark.parametrize("frequency", [0.5, 1, 2])
@pytest.mark.parametrize("law", [Uniform(), Gaussian(0.7), Fixed(0.3)], ids=str)
def test_laws_have_the_characteristic_functions_of_their_samples(law, frequency):
    turns = np.exp(1j * frequency * law.sample(200_000, np.random.default_rng(0)))
    assert law.characteristic(frequency) == pytest.approx(turns.mean(), abs=5 / np.sqrt(2e5))  # 5σ


def test_initial_laws_depend_on_the_network():
    assert INITIAL_LAWS["gaussian_1_over_l"].law(10, 4) == Gaussian(0.5)
    assert INITIAL_LAWS["gaussian_1_over_nl"].law(25, 4) == Gaussian(0.1)
    assert all(entry.source for entry in INITIAL_LAWS.values())


def test_every_symbol_gets_its_law():
    a, b = sympy.symbols("a b")
    laws = laws_of({"b": Gaussian(0.2), None: "uniform"}, (a, b))
    assert laws == (Uniform(), Gaussian(0.2))
    with pytest.raises(ValueError, match="no law for"):
        laws_of({a: Uniform()}, (a, b))
    with pytest.raises(ValueError, match="which the circuit lacks"):
        laws_of({"c": Uniform(), None: Uniform()}, (a, b))


def test_impossible_laws_are_named():
    with pytest.raises(ValueError, match="std must be a finite number"):
        Gaussian(float("nan"))
