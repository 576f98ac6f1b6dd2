"""Exact moments of wide networks against random strings, of which survivors are multiplied.

The share of random Pauli strings that end on I and Z alone is E[<P>²], too small to count.
Particles that follow strings are resampled on the way by h = c^(letters that are not I): the
product of the mean ratios of h is an unbiased estimate of that share for any c, and repeats
give its error. Del Moral, Feynman-Kac Formulae (2004), Theorem 7.4.2.
"""

from functools import cache
from hashlib import sha256

import numpy as np
import pytest

import qnnbench
from qnnbench.circuits.angles import Uniform
from qnnbench.circuits.ansatze import build_ansatz
from tests.dense_moments import averages, letters_of, on_axes

Z = 3  # of the letters I, X, Y, Z
ONE, WORD = np.uint64(1), np.uint64(64)
STRAY = 5.0  # standard errors; a correct value strays this far once in 10^6 tests


@pytest.fixture
def rng(request):
    """Return a generator seeded by the name of the test."""
    return np.random.default_rng(int.from_bytes(sha256(request.node.name.encode()).digest()))


def pair_table(operations):
    """Return how gates on two qubits move squared coefficients, [out, in], dense averages."""
    total = np.eye(256)
    for operation in reversed(operations):
        pair = averages(letters_of(operation)[0], Uniform())["values"]
        sites = [q.x for q in operation.qubits]
        axes, side = [*sites, *(2 + s for s in sites)], int(np.sqrt(pair.size))
        total = on_axes(pair.reshape(side, side), total.reshape(4, 4, 4, 4, 256), axes)
        total = total.reshape(256, 256)
    equal = 17 * np.arange(16)  # P⊗P among P⊗Q
    return total[np.ix_(equal, equal)]


@cache
def convolution_tables():
    """Return the tables of the block and of the pooling, which a block always follows."""
    operations = list(build_ansatz("qcnn", 2, sharing="none").circuit.all_operations())
    return pair_table(operations[:15]), pair_table(operations[15:])


def move(table, letters, first, rng):
    """Replace letters on (first, first + 1), (first + 2, first + 3), … at random, in place."""
    last = first + 2 * ((letters.shape[1] - first) // 2)
    pairs = 4 * letters[:, first:last:2] + letters[:, first + 1 : last : 2]
    where = np.nonzero(pairs)
    moving = pairs[where]
    limits = np.cumsum(table, axis=0)[:-1, moving]
    pairs[where] = (rng.random(len(moving)) > limits).sum(axis=0)
    letters[:, first:last:2], letters[:, first + 1 : last : 2] = np.divmod(pairs, 4)


def survivors(n_letters, weights, guide, rng):
    """Return which particles are drawn by their weights, the new weights and the mean ratio."""
    twisted = weights * guide**n_letters
    places = (rng.random() + np.arange(len(weights))) / len(weights) * twisted.sum()
    drawn = np.minimum(np.searchsorted(np.cumsum(twisted), places), len(weights) - 1)
    return drawn, guide ** -n_letters[drawn].astype(float), twisted.mean()


def convolution_share(n_qubits, pooling, n_particles, guide, rng):
    """Return an estimate of E[<Z>²] of the qubit that a convolutional network keeps."""
    block, pool = convolution_tables()
    sizes = [n_qubits]
    while sizes[-1] > 2:
        sizes.append((sizes[-1] + 1) // 2)
    letters = np.full((n_particles, 1), Z, dtype=np.int8)
    weights, share = np.ones(n_particles), 1.0
    for size in reversed(sizes):
        wider = np.zeros((n_particles, size), dtype=np.int8)
        wider[:, ::2] = letters
        letters = wider
        if pooling == "controlled":
            move(pool, letters, 0, rng)
        move(block, letters, 1, rng)
        if size < n_qubits:
            move(block, letters, 0, rng)
            n_letters = np.count_nonzero(letters, axis=1)
            drawn, weights, mean = survivors(n_letters, weights, guide, rng)
            letters, share = letters[drawn], share * mean
    still = block.reshape(4, 4, 16)[::Z, ::Z].sum(axis=(0, 1))  # chance of I and Z alone
    chances = still[4 * letters[:, : n_qubits - 1 : 2] + letters[:, 1::2]].prod(axis=1)
    alone = letters[:, n_qubits - n_qubits % 2 :]
    return share * np.mean(weights * chances * (alone % Z == 0).all(axis=1))


def assert_same(shares, variance):
    error = np.std(shares, ddof=1) / np.sqrt(len(shares))
    assert error < 0.03 * variance
    assert abs(np.mean(shares) - variance) < STRAY * error


@pytest.mark.parametrize(
    ("pooling", "guide", "n_repeats"), [("discard", 0.5, 16), ("controlled", 0.35, 24)]
)
@pytest.mark.slow
def test_convolutional_networks_of_a_thousand_qubits(pooling, guide, n_repeats, rng):
    network = build_ansatz("qcnn", 1000, sharing="none", pooling=pooling)
    found = qnnbench.moments(
        network.circuit,
        network.observables[0],
        network.symbols,
        gradients=False,
        tolerance=1e-2,
        max_bond_dim=12,
    )
    shares = [
        convolution_share(1000, pooling, 5000, guide, child) for child in rng.spawn(n_repeats)
    ]
    assert_same(shares, 10**found.log10_variance)


def count(words):
    return np.bitwise_count(words).sum(axis=1, dtype=np.int64)


def neighbours(words):
    """Return the sum modulo 2 of the bits on either side of every bit, (n_particles, n_words)."""
    up, down = words << ONE, words >> ONE
    up[:, 1:] |= words[:, :-1] >> (WORD - ONE)
    down[:, :-1] |= words[:, 1:] << (WORD - ONE)
    return up ^ down


def ladder_share(n_qubits, n_layers, n_particles, guide, rng):
    """Return an estimate of the sum of E[<Z_j>²] over all qubits of [RY, RZ, CZ ladder]^L.

    Strings are rows of bits x and z, X = (1, 0), Y = (1, 1), Z = (0, 1), 64 qubits a word.
    """
    start = 0.75 ** np.arange(n_qubits) + 1e-3  # ends keep what the middle loses
    start = (start + start[::-1]) / np.sum(start + start[::-1])
    sites = rng.choice(n_qubits, size=n_particles, p=start)
    inside = np.packbits(np.arange(64 * -(-n_qubits // 64)) < n_qubits, bitorder="little")
    inside = inside.view(np.uint64)
    x = np.zeros((n_particles, len(inside)), dtype=np.uint64)
    z = np.zeros_like(x)
    z[np.arange(n_particles), sites // 64] = ONE << (sites % 64).astype(np.uint64)
    weights, share = 1 / start[sites], 1.0
    for layer in reversed(range(n_layers)):
        z ^= neighbours(x) & inside
        coins = rng.integers(2**64, size=(2, *x.shape), dtype=np.uint64)
        z = (z & ~x) | (coins[0] & x)  # RZ: X or Y, and Z stays
        turning = x ^ z
        if layer:  # RY: X or Z, and Y stays
            x = (x & ~turning) | (coins[1] & turning)
            z = (z & ~turning) | (~coins[1] & turning)
            drawn, weights, mean = survivors(count(x | z), weights, guide, rng)
            x, z, share = x[drawn], z[drawn], share * mean
    chances = 0.5 ** count(turning) * (count(x & z) == 0)  # the first RY, averaged
    return share * np.mean(weights * chances)


@pytest.mark.slow
def test_local_cost_of_a_hundred_layers_is_far_from_that_of_random_states(rng):
    # 10^-9.38, where random states of 100 qubits have 2^-100/400: ends forget slowly.
    network = build_ansatz("hea", 100, n_layers=100, readout="local")
    found = qnnbench.moments(
        network.circuit,
        network.observables[0],
        network.symbols,
        gradients=False,
        tolerance=1e-2,
        max_bond_dim=12,
    )
    assert found.log10_variance == pytest.approx(-9.38, abs=0.01)
    sums = [ladder_share(100, 100, 10_000, 0.6, child) for child in rng.spawn(24)]
    assert_same(np.array(sums) / 200**2, 10**found.log10_variance)  # ΣZ/(2n)
