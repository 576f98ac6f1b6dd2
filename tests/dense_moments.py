"""Second moments by dense linear algebra: oracles that share no code with the package.

Both follow any gate that depends on one symbol as Cirq's own matrices, and average over
its angle by Gaussian quadrature. :func:`pair_chain` holds all 16^n pairs of Pauli strings;
:func:`product_grid` holds every state on a grid of angles.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import cirq
import numpy as np
import sympy

from qnnbench.circuits.angles import Fixed, Gaussian, Uniform

N_NODES = 48  # quadrature nodes: exact to rounding for the frequencies in these tests
N_POINTS = 64  # equispaced points over eight half turns: frequencies up to 8 in steps of 1/4
STEP = 0.25  # every frequency in these tests is a multiple of it
SYMBOL = sympy.Symbol("t")
PAULIS = np.array([cirq.unitary(g) for g in (cirq.I, cirq.X, cirq.Y, cirq.Z)])


@dataclass(frozen=True)
class Reference:
    """What an oracle finds; per-state means are kept for averages over a dataset.

    Attributes:
        mean: E[C], averaged over states.
        variance: Var[C], averaged over states.
        gradient_variances: Var[∂C/∂θ_k], averaged over states, shape (n_symbols,).
        gradient_scale: Largest E[(∂C/∂θ_k)²]: rounding errors are relative to it.
        second: E[C²] without the constant part of C, averaged over states.
    """

    mean: float
    variance: float
    gradient_variances: np.ndarray
    gradient_scale: float
    second: float


def angle_quadrature(law) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes in radians and weights of a law: Gauss-Legendre, Gauss-Hermite, a point."""
    if isinstance(law, Fixed):
        return np.array([law.value]), np.ones(1)
    if isinstance(law, Gaussian):
        nodes, weights = np.polynomial.hermite_e.hermegauss(N_NODES)
        return law.std * nodes, weights / weights.sum()
    assert isinstance(law, Uniform)
    nodes, weights = np.polynomial.legendre.leggauss(N_NODES)
    return np.pi * (nodes + 1), weights / 2


def unitary_at(gate: cirq.Gate, angle: float) -> np.ndarray:
    """Return the matrix of a gate that depends on ``SYMBOL`` alone."""
    return cirq.unitary(cirq.resolve_parameters(gate, {SYMBOL: angle}))


def transfer(unitary: np.ndarray) -> np.ndarray:
    """Return T[b, a] = Tr[P_b U† P_a U] / d: Heisenberg motion of Pauli coefficients."""
    n_qubits = len(unitary).bit_length() - 1
    strings = (
        PAULIS if n_qubits == 1 else np.array([np.kron(a, b) for a in PAULIS for b in PAULIS])
    )
    moved = unitary.conj().T @ strings @ unitary
    return np.einsum("bij,aji->ba", strings, moved).real / len(unitary)


@cache
def spectrum(gate: cirq.Gate) -> np.ndarray:
    """Return Fourier coefficients of T(θ), shape (N_POINTS, d², d²), by numpy's order."""
    grid = 2 * np.pi / STEP * np.arange(N_POINTS) / N_POINTS
    return np.fft.fft([transfer(unitary_at(gate, x)) for x in grid], axis=0) / N_POINTS


FREQUENCIES = STEP * np.fft.fftfreq(N_POINTS, 1 / N_POINTS)


@cache
def averages(gate: cirq.Gate, law) -> dict[str, np.ndarray]:
    """Return E[T], E[T'], E[T⊗T] and E[T'⊗T'] over the angle, T' the derivative."""
    nodes, weights = angle_quadrature(law)
    values = np.array([transfer(unitary_at(gate, x)) for x in nodes])
    waves = 1j * FREQUENCIES * np.exp(1j * np.outer(nodes, FREQUENCIES))
    slopes = np.tensordot(waves, spectrum(gate), 1).real
    return {
        "value": np.tensordot(weights, values, 1),
        "slope": np.tensordot(weights, slopes, 1),
        "values": np.einsum("x,xba,xdc->bdac", weights, values, values),
        "slopes": np.einsum("x,xba,xdc->bdac", weights, slopes, slopes),
    }


def haar_averages(n_qubits: int) -> dict[str, np.ndarray]:
    """Return E[T] and E[T⊗T] of a Haar random gate: P⊗P goes to the mean of all Q⊗Q."""
    dim = 4**n_qubits
    once, twice = np.zeros((dim, dim)), np.zeros((dim, dim, dim, dim))
    once[0, 0] = twice[0, 0, 0, 0] = 1
    for a, b in product(range(1, dim), repeat=2):
        twice[b, b, a, a] = 1 / (dim - 1)
    return {"value": once, "values": twice}


def coefficients(matrix: np.ndarray) -> np.ndarray:
    """Return Tr[P M] for every string P, float64 of shape (4,) * n."""
    n = len(matrix).bit_length() - 1
    tensor = np.reshape(matrix, (2,) * (2 * n))
    for k in range(n):  # rows of the remaining qubits, then columns, then letters done
        tensor = np.tensordot(tensor, PAULIS, ([0, n - k], [2, 1]))
    return tensor.real


def observable_matrix(observable, qubits: Sequence[cirq.Qid]) -> np.ndarray:
    """Return the matrix of a Cirq observable on ``qubits``."""
    if isinstance(observable, cirq.ProjectorString | cirq.ProjectorSum):
        return observable.matrix(qubits).toarray()
    return cirq.PauliSum.wrap(observable).matrix(qubits)


def members(state, n_qubits: int) -> list[tuple[float, np.ndarray]]:
    """Return weights and vectors of None (|0…0>), a pure state or a mixture of the package."""
    if state is None:
        return [(1.0, np.eye(2**n_qubits)[0])]
    return [(weight, member.state_vector()) for weight, member in state.members]


def density_matrix(state, n_qubits: int) -> np.ndarray:
    """Return ρ of an input state."""
    return sum(weight * np.outer(v, v.conj()) for weight, v in members(state, n_qubits))


def letters_of(operation: cirq.Operation) -> tuple[cirq.Gate, sympy.Symbol | None]:
    """Return the gate in terms of ``SYMBOL`` and the symbol it stands for."""
    symbols = cirq.parameter_symbols(operation)
    if not symbols:
        return operation.gate, None
    (symbol,) = symbols
    return cirq.resolve_parameters(operation.gate, {symbol: SYMBOL}), symbol


def on_axes(matrix: np.ndarray, tensor: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Return ``tensor`` with ``matrix`` [out, in] applied to ``axes`` taken together."""
    order = [*axes, *(a for a in range(tensor.ndim) if a not in axes)]
    front = tensor.transpose(order)
    moved = (matrix @ front.reshape(matrix.shape[1], -1)).reshape(front.shape)
    return moved.transpose(np.argsort(order))


def pair_chain(
    circuit: cirq.Circuit,
    qubits: Sequence[cirq.Qid],
    observable,
    symbols: Sequence[sympy.Symbol],
    laws: Sequence,
    states: Sequence = (None,),
    contrast: Sequence | None = None,
    channel_of: Callable[[cirq.Operation], dict[str, np.ndarray]] | None = None,
) -> Reference:
    """Return the moments by following all 16^n pairs of Pauli strings; each symbol once.

    With r the Pauli means of the input and o the coefficients of the observable,
    C = r·T_1…T_m o, so E[C²] = (r⊗r)·E[T_1⊗T_1]…E[T_m⊗T_m](o⊗o), and a derivative
    replaces one factor.
    """
    n, position = len(qubits), {s: k for k, s in enumerate(symbols)}
    site = {q: i for i, q in enumerate(qubits)}
    matrix = observable_matrix(observable, qubits)
    start = coefficients(matrix) / 2**n
    constant = 0.0 if contrast else float(start.flat[0])
    start.flat[0] = 0
    means = [coefficients(density_matrix(s, n)) for s in (contrast or states)]
    inputs = [means[0] - means[1]] if contrast else means
    factors = []
    for operation in reversed(list(circuit.all_operations())):
        sites = [site[q] for q in operation.qubits]
        if not sites:
            continue
        gate, symbol = letters_of(operation)
        if channel_of is not None:
            found = channel_of(operation)
        elif symbol is None:
            one = transfer(cirq.unitary(gate if gate is not None else operation))
            found = {"value": one, "values": np.einsum("ba,dc->bdac", one, one)}
        else:
            found = averages(gate, laws[position[symbol]])
        factors.append((sites, found, symbol if channel_of is None else None))

    def flow(kind: str, vector: np.ndarray, axes_of: Callable) -> list[np.ndarray]:
        vectors = [vector]
        for sites, found, _ in factors:
            side = int(np.sqrt(found[kind].size))
            vectors.append(on_axes(found[kind].reshape(side, side), vectors[-1], axes_of(sites)))
        return vectors

    singles = flow("value", start, lambda sites: sites)
    both = lambda sites: [*sites, *(n + s for s in sites)]  # noqa: E731
    pairs = flow("values", np.multiply.outer(start, start), both)
    squares = np.mean([np.multiply.outer(r, r) for r in inputs], axis=0)
    averaged = [float(np.vdot(r, singles[-1])) for r in inputs]
    second = float(np.vdot(squares, pairs[-1]))
    gradient, scale = np.zeros(len(symbols)), 0.0
    after = [squares, *inputs]
    for t in reversed(range(len(factors))):
        sites, found, symbol = factors[t]
        side = 4 ** len(sites)
        if symbol is not None:
            slope = on_axes(found["slopes"].reshape(side**2, side**2), pairs[t], both(sites))
            total = float(np.vdot(after[0], slope))
            slope = on_axes(found["slope"], singles[t], sites)
            shift = np.mean([np.vdot(r, slope) ** 2 for r in after[1:]])
            gradient[position[symbol]] = total - shift
            scale = max(scale, total)
        after = [
            on_axes(found["values"].reshape(side**2, side**2).T, after[0], both(sites)),
            *(on_axes(found["value"].T, r, sites) for r in after[1:]),
        ]
    return Reference(
        mean=constant + float(np.mean(averaged)),
        variance=second - float(np.mean(np.square(averaged))),
        gradient_variances=gradient,
        gradient_scale=scale,
        second=second,
    )


def product_grid(
    circuit: cirq.Circuit,
    qubits: Sequence[cirq.Qid],
    observable,
    symbols: Sequence[sympy.Symbol],
    laws: Sequence,
    states: Sequence = (None,),
    contrast: Sequence | None = None,
) -> Reference:
    """Return the moments from C on a product grid that determines it; symbols may be shared.

    C is a trigonometric polynomial in every angle: on 2m + 1 equispaced points
    C(θ) = Σ_a C_a K(θ - x_a) with the Dirichlet kernel K, so that E[C²] is a quadratic
    form in C_a with the matrix E[K_a K_b] per angle, and a derivative has E[K'_a K'_b].
    """
    parts = [letters_of(op) for op in circuit.all_operations()]
    axes = [_grid([g for g, s in parts if s == symbol]) for symbol in symbols]
    values = [_values(circuit, qubits, observable, symbols, axes, s) for s in contrast or states]
    constant = 0.0 if contrast else float(np.trace(observable_matrix(observable, qubits)).real)
    constant /= 2 ** len(qubits)
    tables = [values[0] - values[1]] if contrast else [v - constant for v in values]
    forms = [_forms(points, law) for points, law in zip(axes, laws, strict=True)]
    mean = [_contract(table, [f["value"] for f in forms]) for table in tables]
    second = np.mean([_contract(table, [f["values"] for f in forms]) for table in tables])
    gradient, scale = [], 0.0
    for k in range(len(symbols)):
        once = [f["slope" if i == k else "value"] for i, f in enumerate(forms)]
        twice = [f["slopes" if i == k else "values"] for i, f in enumerate(forms)]
        total = np.mean([_contract(table, twice) for table in tables])
        gradient.append(total - np.mean([_contract(table, once) ** 2 for table in tables]))
        scale = max(scale, float(total))
    return Reference(
        mean=constant + float(np.mean(mean)),
        variance=float(second - np.mean(np.square(mean))),
        gradient_variances=np.array(gradient),
        gradient_scale=scale,
        second=float(second),
    )


def _grid(gates: Sequence[cirq.Gate]) -> np.ndarray:
    """Return equispaced angles that determine C as a function of the symbol of ``gates``."""
    present = [
        set(np.round(np.abs(FREQUENCIES[np.abs(spectrum(g)).max(axis=(1, 2)) > 1e-10]) / STEP))
        for g in gates
    ]
    quanta = sorted({int(f) for found in present for f in found if f})
    step = int(np.gcd.reduce(quanta)) if quanta else 1
    degree = int(sum(max(found) for found in present)) // step
    n_points = 2 * degree + 1
    return 2 * np.pi / (STEP * step) * np.arange(n_points) / n_points


def _values(circuit, qubits, observable, symbols, axes, state) -> np.ndarray:
    """Return <O> on the grid, shape (len(axes[0]), …)."""
    n, site = len(qubits), {q: i for i, q in enumerate(qubits)}
    matrix, total = observable_matrix(observable, qubits), 0.0
    for weight, vector in members(state, n):
        psi = vector.astype(complex).reshape((2,) * n + (1,) * len(symbols))
        for operation in circuit.all_operations():
            sites = [site[q] for q in operation.qubits]
            gate, symbol = letters_of(operation)
            if symbol is None:
                psi = on_axes(cirq.unitary(operation), psi, sites) if sites else psi
                continue
            k = list(symbols).index(symbol)
            slices = np.moveaxis(psi, n + k, 0)
            slices = np.broadcast_to(slices, (len(axes[k]), *slices.shape[1:]))
            moved = [
                on_axes(unitary_at(gate, x), part, sites)
                for x, part in zip(axes[k], slices, strict=True)
            ]
            psi = np.moveaxis(np.array(moved), 0, n + k)
        flat = psi.reshape(2**n, *psi.shape[n:])
        total = total + weight * np.sum(flat.conj() * np.tensordot(matrix, flat, 1), axis=0).real
    return np.broadcast_to(total, tuple(len(x) for x in axes))


def _forms(points: np.ndarray, law) -> dict[str, np.ndarray]:
    """Return E[K_a], E[K'_a], E[K_a K_b] and E[K'_a K'_b] of one angle."""
    nodes, weights = angle_quadrature(law)
    degree = len(points) // 2
    period = points[1] * len(points) if degree else 2 * np.pi
    frequencies = 2 * np.pi / period * np.arange(1, degree + 1)
    phases = frequencies * (nodes[:, None, None] - points[:, None])
    kernel = (1 + 2 * np.cos(phases).sum(axis=-1)) / len(points)
    slope = -2 * (frequencies * np.sin(phases)).sum(axis=-1) / len(points)
    return {
        "value": weights @ kernel,
        "slope": weights @ slope,
        "values": np.einsum("x,xa,xb->ab", weights, kernel, kernel),
        "slopes": np.einsum("x,xa,xb->ab", weights, slope, slope),
    }


def _contract(table: np.ndarray, forms: Sequence[np.ndarray]) -> float:
    """Return the value of vectors, or of quadratic forms, one per axis of ``table``."""
    moved = table
    for axis, form in enumerate(forms):
        if form.ndim == 1:
            moved = np.tensordot(form, moved, (0, 0))
        else:
            moved = np.moveaxis(np.tensordot(form, moved, (1, axis)), 0, axis)
    return float(moved) if forms and forms[0].ndim == 1 else float(np.vdot(table, moved))
