"""Exact moments against sampled angles: state vectors, Clifford angles with stim, strings."""

from functools import cache
from hashlib import sha256

import cirq
import numpy as np
import pytest
import stim

import qnnbench
from qnnbench.circuits.angles import Gaussian, Uniform
from qnnbench.circuits.ansatze import ANSATZE, build_ansatz
from tests.dense_moments import (
    STEP,
    averages,
    letters_of,
    observable_matrix,
    on_axes,
    unitary_at,
)

WIDTHS = {  # others 8: a few CPU seconds in all
    "deep_brickwork": 5,
    "hea": 6,
    "hea_ring": 5,
    "strongly_entangling": 5,
    "random_pauli": 4,
    "per_site_blocks": 4,
}
N_SAMPLES = 600
STRAY = 5.0  # standard errors; a correct value strays this far once in 10^6 tests
POOLED = 20  # seeds
ALL_LAWS = {"uniform": Uniform(), "gaussian": Gaussian(0.5)}


@pytest.fixture
def rng(request):
    """Return a generator seeded by the name of the test."""
    return np.random.default_rng(int.from_bytes(sha256(request.node.name.encode()).digest()))


@cache
def waves(gate):
    """Return frequencies and Fourier coefficients of U(θ), those that are not zero."""
    n_points = 64
    grid = 4 * np.pi / STEP * np.arange(n_points) / n_points
    found = np.fft.fft([unitary_at(gate, x) for x in grid], axis=0) / n_points
    kept = np.abs(found).max(axis=(1, 2)) > 1e-12
    return STEP / 2 * np.fft.fftfreq(n_points, 1 / n_points)[kept], found[kept]


def sampled_values(network, observable, angles):
    """Return <O> after |0…0> at ``angles`` (n_samples, n_symbols), by state vectors."""
    n_qubits, position = network.n_qubits, {s: k for k, s in enumerate(network.symbols)}
    qubits = cirq.LineQubit.range(n_qubits)
    site = {q: i for i, q in enumerate(qubits)}
    psi = np.zeros((len(angles), *(2,) * n_qubits), dtype=complex)
    psi.reshape(len(angles), -1)[:, 0] = 1
    for operation in network.circuit.all_operations():
        sites = [1 + site[q] for q in operation.qubits]
        gate, symbol = letters_of(operation)
        order = [0, *sites, *(a for a in range(1, n_qubits + 1) if a not in sites)]
        if symbol is None:
            psi = on_axes(cirq.unitary(gate), psi, sites)
            continue
        frequencies, terms = waves(gate)
        phases = np.exp(1j * np.outer(angles[:, position[symbol]], frequencies))
        unitaries = np.tensordot(phases, terms, 1)
        front = psi.transpose(order)
        moved = unitaries @ front.reshape(len(angles), 2 ** len(sites), -1)
        psi = moved.reshape(front.shape).transpose(np.argsort(order))
    flat = psi.reshape(len(angles), -1)
    matrix = observable_matrix(observable, qubits)
    return np.einsum("si,ij,sj->s", flat.conj(), matrix, flat, optimize=True).real


def stray(values, variance):
    """Return by how many standard errors the variance of ``values`` misses ``variance``."""
    squares = (values - values.mean()) ** 2
    return (squares.mean() - variance) / (squares.std() / np.sqrt(len(values)))


def claimed_network(name):
    n_qubits = WIDTHS.get(name, 8)
    options = dict(ANSATZE[name].claim_options)
    return build_ansatz(name, n_qubits, **options)


def derivative(network, read, angles, symbol, step=1e-3):
    """Return ∂C/∂θ by a central difference; its error, about 1e-7, is far below sampling."""
    shift = step * np.eye(angles.shape[1])[symbol]
    up, down = (sampled_values(network, read, angles + sign * shift) for sign in (1, -1))
    return (up - down) / (2 * step)


def strays(network, read, law, n_samples, rng):
    """Return how far variance of the loss and of one derivative stray from the exact ones."""
    found = qnnbench.moments(network.circuit, read, network.symbols, angles=law)
    logs = found.log10_gradient_variance
    angles = law.sample(n_samples * len(network.symbols), rng).reshape(n_samples, -1)
    lively = np.flatnonzero(logs > logs.max() - 1)
    symbol = int(rng.choice(lively))
    loss = stray(sampled_values(network, read, angles), 10**found.log10_variance)
    return loss, stray(derivative(network, read, angles, symbol), 10 ** logs[symbol])


@pytest.mark.parametrize("law", ALL_LAWS)
@pytest.mark.parametrize("name", [a.name for a in ANSATZE.values() if not a.n_samples])
def test_sampled_angles_agree(name, law, rng):
    network = claimed_network(name)
    found = strays(network, network.observables[-1], ALL_LAWS[law], N_SAMPLES, rng)
    assert np.abs(found).max() < STRAY


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("hea", {"n_layers": 3, "readout": "local"}),
        ("brickwork", {"n_layers": 2}),
        ("tree", {}),
        ("qcnn", {"sharing": "none", "pooling": "controlled"}),
    ],
)
@pytest.mark.slow
def test_twenty_pooled_seeds_agree(name, options, rng):
    # The mean of 20 independent strays is normal with standard deviation 1/√20.
    network = build_ansatz(name, 4, **options)
    read, law = network.observables[-1], Uniform()
    found = [strays(network, read, law, N_SAMPLES, child) for child in rng.spawn(POOLED)]
    assert np.abs(np.mean(found, axis=0)).max() < STRAY / np.sqrt(POOLED)


def clifford_lines(operation):
    """Return the four lines of stim for angles 0, π/2, π and 3π/2; one if there is none."""
    targets = " ".join(str(q.x) for q in operation.qubits)
    if operation.gate == cirq.CZ:
        return (f"CZ {targets}",)
    axis = {
        cirq.Rx: "X",
        cirq.Ry: "Y",
        cirq.Rz: "Z",
        cirq.XPowGate: "X",
        cirq.YPowGate: "Y",
        cirq.ZPowGate: "Z",
        cirq.XXPowGate: "XX",
        cirq.YYPowGate: "YY",
        cirq.ZZPowGate: "ZZ",
    }[type(operation.gate)]
    root = f"SQRT_{axis}"
    return ("", f"{root} {targets}", f"{axis[0]} {targets}", f"{root}_DAG {targets}")


def clifford_share(network, letters, n_samples, rng):
    """Return how often a string keeps <P> = ±1 on |0…0> at random Clifford angles.

    Angles 0, π/2, π, 3π/2 average polynomials of degree 2 as uniform angles do, and <P>
    is then 0 or ±1: this share is E[<P>²].
    """
    start = stim.PauliString(network.n_qubits)
    for site, letter in letters.items():
        start[site] = letter
    lines = [clifford_lines(op) for op in network.circuit.all_operations()]
    hits = 0
    for _ in range(n_samples):
        draws = rng.integers(4, size=len(lines))
        text = "\n".join(line[d % len(line)] for line, d in zip(lines, draws, strict=True))
        hits += start.before(stim.Circuit(text)).pauli_indices("XY") == []
    return hits / n_samples


@pytest.mark.parametrize(
    ("name", "n_qubits", "n_layers", "n_samples"),
    [
        ("hea", 100, 3, 1000),
        ("brickwork", 256, 3, 800),
        ("hea", 256, 4, 800),
        ("hea", 1000, 2, 300),
    ],
)
def test_clifford_angles_agree(name, n_qubits, n_layers, n_samples, rng):
    network = build_ansatz(name, n_qubits, n_layers=n_layers)
    middle = n_qubits // 2
    read = cirq.Z(cirq.LineQubit(middle)) * cirq.Z(cirq.LineQubit(middle + 1))
    found = qnnbench.moments(network.circuit, read, network.symbols, gradients=False)
    share = clifford_share(network, {middle: "Z", middle + 1: "Z"}, n_samples, rng)
    variance = 10**found.log10_variance
    error = np.sqrt(variance * (1 - variance) / n_samples)
    assert abs(share - variance) < STRAY * error


@cache
def block_table():
    """Return how a 15-angle block moves squared coefficients, [out, in], by dense averages."""
    network = build_ansatz("tree", 2)
    total = np.eye(256)
    for operation in reversed(list(network.circuit.all_operations())):
        gate, _ = letters_of(operation)
        pair = averages(gate, Uniform())["values"]
        sites = [q.x for q in operation.qubits]
        axes = [*sites, *(2 + s for s in sites)]
        side = int(np.sqrt(pair.size))
        total = on_axes(pair.reshape(side, side), total.reshape(4, 4, 4, 4, 256), axes)
        total = total.reshape(256, 256)
    equal = 17 * np.arange(16)  # P⊗P among P⊗Q
    assert np.allclose(total[:, equal].sum(axis=0), total[np.ix_(equal, equal)].sum(axis=0))
    return total[np.ix_(equal, equal)]


def sampled_strings(network, n_samples, rng):
    """Return weights of mean E[<Z_0>²]: strings that random blocks move, last one first.

    Blocks that meet the input are averaged rather than sampled: a string counts with the
    chance that they leave I and Z alone.
    """
    table = block_table()
    chances = np.cumsum(table, axis=0)
    still = table.reshape(4, 4, 16)[np.ix_([0, 3], [0, 3])].sum(axis=(0, 1))
    gates = network.circuit.all_operations()
    blocks = [[q.x for q in op.qubits] for op in gates if isinstance(op.gate, cirq.XXPowGate)]
    first = {}
    for place, block in enumerate(blocks):
        for site in block:
            first.setdefault(site, place)
    letters = np.zeros((network.n_qubits, n_samples), dtype=np.int64)
    letters[0] = 3
    weights = np.ones(n_samples)
    for place in reversed(range(len(blocks))):
        a, b = blocks[place]
        state = 4 * letters[a] + letters[b]
        if all(first[site] == place for site in (a, b)):
            weights *= still[state]
            letters[a] = letters[b] = 0
            continue
        moving = np.flatnonzero(state)
        draws = rng.random(len(moving))
        drawn = (draws > chances[:-1, state[moving]]).sum(axis=0)
        letters[a, moving], letters[b, moving] = divmod(drawn, 4)
    return weights * (letters % 3 == 0).all(axis=0)


@pytest.mark.parametrize(("n_qubits", "n_samples"), [(64, 20_000), (256, 20_000)])
def test_sampled_strings_of_convolutions_agree(n_qubits, n_samples, rng):
    network = build_ansatz("qcnn", n_qubits, sharing="none", pooling="discard")
    found = qnnbench.moments(
        network.circuit, network.observables[0], network.symbols, gradients=False
    )
    weights = sampled_strings(network, n_samples, rng)
    error = weights.std() / np.sqrt(n_samples)
    assert error < 0.15 * weights.mean()
    assert abs(weights.mean() - 10**found.log10_variance) < STRAY * error
