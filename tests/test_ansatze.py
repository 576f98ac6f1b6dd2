"""The contract of every entry of ANSATZE, and what each declares of plateaus, measured."""

import re
from collections import defaultdict
from inspect import signature
from pathlib import Path

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.circuits.angles import INITIAL_LAWS, Fixed, Gaussian, Uniform, laws_of
from qnnbench.circuits.ansatze import ANSATZE, build_ansatz
from qnnbench.circuits.ansatze.contract import contract_problems
from qnnbench.moments import trainability_row
from qnnbench.moments.claims import claimed_row, measured_claim
from qnnbench.moments.rows import is_tied

CHOICES = {  # of every option that some ansatz has, but for the ways of sharing
    "n_layers": (4, 8),
    "readout": ("local", "middle", "bond", "parity", "global"),
    "connectivity": ("line", "ring"),
    "terms": ("tfim", "xxz"),
    "pooling": ("controlled", "discard"),
    "mirror": (1, 2),
    "seed": (0, 7),
    "n_kept": (1, 2),
    "n_inner": (1, 2),
}
SHARING = {"tree": ("layer", "shape", "scale"), "mera": ("layer", "scale")}
SHARING["rg_tree"] = SHARING["tree"]
LARGE = {"matchgate": 24, "identity_blocks": 16}  # a width at which exact is cheap; else 100


def options_of(name):
    return [option for option in signature(ANSATZE[name].build).parameters if option != "n_qubits"]


def ways_of_sharing(name):
    return ("none", *SHARING.get(name, ("layer",))) if "sharing" in options_of(name) else ()


@pytest.mark.parametrize("name", ANSATZE)
@pytest.mark.parametrize("n_qubits", [2, 5, 8])
def test_entry_keeps_the_contract(name, n_qubits):
    assert contract_problems(ANSATZE[name], n_qubits) == []


@pytest.mark.parametrize("name", ANSATZE)
def test_gates_of_an_entry_are_unitary_once_angles_have_values(name):
    network = build_ansatz(name, 5)
    rng = np.random.default_rng(0)
    angles = dict(zip(network.symbols, rng.normal(size=len(network.symbols)), strict=True))
    bound = cirq.resolve_parameters(network.circuit, angles)
    assert all(cirq.has_unitary(op) for op in bound.all_operations())


@pytest.mark.parametrize("name", ANSATZE)
def test_every_option_takes_what_it_knows_and_refuses_the_rest(name):
    for option in options_of(name):
        values = ways_of_sharing(name) if option == "sharing" else CHOICES[option]
        for value in values:
            assert build_ansatz(name, 8, **{option: value}).n_qubits == 8
        wrong = -1 if isinstance(values[0], int) else "nonsense"
        with pytest.raises(ValueError, match=f"{wrong}"):
            build_ansatz(name, 8, **{option: wrong})


@pytest.mark.parametrize("name", [name for name in ANSATZE if ways_of_sharing(name)])
def test_shared_symbols_are_equal_gates(name):
    sizes = {}
    for sharing in ways_of_sharing(name):
        network = build_ansatz(name, 8, sharing=sharing)
        gates = defaultdict(set)
        for op in network.circuit.all_operations():
            for symbol in cirq.parameter_names(op):
                gates[symbol].add(op.gate)
        assert all(len(alike) == 1 for alike in gates.values())
        assert is_tied(network) == (sharing != "none")
        sizes[sharing] = len(network.symbols)
    untied = sizes.pop("none")
    assert all(size < untied for size in sizes.values())


@pytest.mark.parametrize("n_qubits", [5, 6])
@pytest.mark.parametrize("name", ANSATZE)
def test_expectations_are_those_of_cirq(name, n_qubits):
    network, qubits = build_ansatz(name, n_qubits), cirq.LineQubit.range(n_qubits)
    params = np.random.default_rng(n_qubits).uniform(0, 2 * np.pi, len(network.symbols))
    found = qnnbench.expectations(
        network.circuit, network.observables, params, symbols=network.symbols
    )
    state = cirq.Simulator(dtype=np.complex128).simulate(
        network.circuit, dict(zip(network.symbols, params, strict=True)), qubits
    )
    places = {q: i for i, q in enumerate(qubits)}
    expected = [
        read.expectation_from_state_vector(state.final_state_vector, places).real
        for read in network.observables
    ]
    np.testing.assert_allclose(found.values[0], expected, atol=1e-11)


@pytest.mark.parametrize("name", ANSATZE)
def test_declared_plateau_is_the_measured_one(name):
    claim = measured_claim(ANSATZE[name])
    assert claim.claimed != "unclaimed"
    assert claim.holds, str(claim)
    # The variance of tied angles may be that of a heavy tail: the median speaks, too.
    network = build_ansatz(name, 6, **ANSATZE[name].claim_options)
    assert is_tied(network) == bool(ANSATZE[name].n_samples)  # exact where nothing is shared
    assert is_tied(network) == (claim.median_bits_lost is not None)


EXACT_AND_FREE = [a.name for a in ANSATZE.values() if a.plateau == "no" and not a.n_samples]


@pytest.mark.parametrize("name", EXACT_AND_FREE)
def test_networks_without_plateau_lose_gradients_as_a_power_law(name):
    n_qubits = LARGE.get(name, 100)
    largest = claimed_row(ANSATZE[name], n_qubits)["log10_gradient_variance_max"]
    assert -largest / np.log10(n_qubits) < 3


def test_uniform_angles_cost_the_hamiltonian_circuit_what_small_ones_keep():
    lost = {}
    for law in ("uniform", "gaussian_1_over_nl"):
        networks = [build_ansatz("hva", n, terms="xxz") for n in (6, 12)]
        laws = [INITIAL_LAWS[law].law(n.n_qubits, n.n_layers) for n in networks]
        rows = [
            trainability_row(network, angles=angles, n_samples=60)
            for network, angles in zip(networks, laws, strict=True)
        ]
        largest = [row["log10_gradient_variance_max"] for row in rows]
        lost[law] = (largest[0] - largest[1]) * np.log2(10) / 6
    assert lost["uniform"] > 0.45 > 0.25 > lost["gaussian_1_over_nl"]


def test_the_table_of_the_documents_lists_every_entry():
    text = (Path(__file__).parents[1] / "docs" / "ansatze.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|.*\| (yes|no)\b.*\| (.*?) \|", text, flags=re.MULTILINE)
    assert {name: plateau for name, plateau, _ in rows} == {
        name: ansatz.plateau for name, ansatz in ANSATZE.items()
    }
    for line in re.findall(r"^\| `\w+` .*$", text, flags=re.MULTILINE):
        name = line.split("`")[1]
        assert all(f"`{option}`" in line for option in options_of(name)), name


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
        (("qcn", 4, {}), "Did you mean 'qcnn'"),
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
