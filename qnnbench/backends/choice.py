"""Which backend evaluates a query: static costs decide, never a clock.

Results therefore do not depend on the load or speed of the machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from qnnbench.backends import (
    gpu,
    heisenberg,
    qsim,
    stabilizer,
    statevector,
    tensor_network,
    tree,
)
from qnnbench.backends.protocol import Backend, BackendCannot, Cost, Query
from qnnbench.registry import lookup

BACKENDS = {
    b.name: b
    for b in (
        Backend("statevector", statevector.evaluate, statevector.cost, True),
        Backend("tree", tree.evaluate, tree.cost, True),
        Backend("tensor_network", tensor_network.evaluate, tensor_network.cost, True),
        Backend("heisenberg", heisenberg.evaluate, heisenberg.cost, False, ("max_bond_dim",)),
        Backend("stabilizer", stabilizer.evaluate, stabilizer.cost, True, gives_gradients=False),
        Backend("qsim", qsim.evaluate, qsim.cost, False, gives_gradients=False),
        Backend(
            "statevector_gpu",
            gpu.statevector_evaluate,
            gpu.statevector_cost,
            True,
            by_name_only=True,
        ),
        Backend(
            "heisenberg_gpu",
            gpu.heisenberg_evaluate,
            gpu.heisenberg_cost,
            False,
            ("max_bond_dim",),
            by_name_only=True,
        ),
    )
}


class OverBudget(BackendCannot):
    """What could evaluate a query costs more than its limits allow."""


@dataclass(frozen=True)
class Limits:
    """What one value and gradient may cost, by static estimate.

    Attributes:
        exact_s: Seconds up to which "auto" prefers an exact backend to a truncated one.
        seconds: Nothing is started above it.
        memory_bytes: Nor above this.

    Raises:
        ValueError: A limit that is not a positive number.
    """

    exact_s: float = 20.0
    seconds: float = inf
    memory_bytes: float = inf

    def __post_init__(self) -> None:
        for name, limit in vars(self).items():
            if not limit > 0:
                raise ValueError(f"{name} must be a number > 0, got {limit!r}")

    def allow(self, cost: Cost) -> bool:
        """Return whether ``cost`` stays within seconds and memory."""
        return cost.seconds <= self.seconds and cost.memory_bytes <= self.memory_bytes

    def __str__(self) -> str:
        return f"{self.seconds:.3g} s and {self.memory_bytes / 1e9:.3g} GB"


@dataclass(frozen=True)
class Choice:
    """The backend that evaluates a query, and why.

    Attributes:
        backend: The one to ask.
        cost: Its static cost at ``bond_dim``.
        bond_dim: Operator bond to start from.
        reason: Why this one, with what the others would cost or why they decline.
    """

    backend: Backend
    cost: Cost
    bond_dim: int
    reason: str


def choose(query: Query, name: str, bond_dim: int, limits: Limits | None = None) -> Choice:
    """Return the backend for a query at operator bond ``bond_dim``.

    "auto" takes the cheapest exact backend within the limits, else the cheapest one with
    a controlled error. Backends without gradients are taken by name, or where no other
    takes the states; those that need an accelerator by name only.

    Raises:
        ValueError: Unknown backend.
        BackendCannot: The one asked for, or every one, declines.
        OverBudget: What can evaluate it costs more than ``limits``.
    """
    limits = limits or Limits()
    asked = [backend for backend in BACKENDS.values() if not backend.by_name_only]
    if name != "auto":
        asked = [lookup(BACKENDS, name, "backend")]
    costs: list[tuple[Backend, Cost]] = []
    declined: dict[str, str] = {}
    for backend in sorted(asked, key=lambda b: not b.gives_gradients):
        if costs and not backend.gives_gradients:
            continue
        try:
            options = backend.settings({"max_bond_dim": bond_dim})
            costs.append((backend, backend.cost(query, **options)))
        except BackendCannot as reason:
            declined[backend.name] = str(reason)
    if not costs:
        if name != "auto":
            raise BackendCannot(declined[name])
        raise BackendCannot("No backend can evaluate this. " + " ".join(declined.values()))
    backend, cost = min(costs, key=_preference(limits))
    offers = ", ".join(f"{b.name} {_priced(c)}" for b, c in costs)
    if not limits.allow(cost):
        raise OverBudget(
            f"One value and gradient would take {offers} by operation count; the limits are "
            f"{limits}. Raise max_seconds or max_memory, or ask for less."
        )
    return Choice(backend, cost, bond_dim, _reason(name, backend, offers, list(declined)))


def _preference(limits: Limits) -> Callable[[tuple[Backend, Cost]], tuple]:
    """Return the order of offers: within the limits, exact within its own, cheap."""

    def rank(offer: tuple[Backend, Cost]) -> tuple:
        backend, cost = offer
        is_good = backend.is_exact and cost.seconds <= limits.exact_s
        return (not limits.allow(cost), not is_good, cost.seconds)

    return rank


def _priced(cost: Cost) -> str:
    return f"{_two_digits(cost.seconds)} s and {_two_digits(cost.memory_bytes / 1e6)} MB"


def _two_digits(value: float) -> str:
    """Return "0.012", "2.4" or "2,400"; an exponent only below 0.0001 and from a million on."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if 10 <= rounded < 1e6 else f"{rounded:.2g}"


def _reason(name: str, chosen: Backend, offers: str, declined: list[str]) -> str:
    if name != "auto":
        return f"asked for; {offers} by operation count"
    kind = "exact" if chosen.is_exact else "controlled; no exact one fits"
    others = f"; {', '.join(declined)} declined" if declined else ""
    return f"cheapest {kind}: {offers} by operation count{others}"


def choose_within(
    query: Query, name: str, bond_dim: int, max_bond_dim: int, limits: Limits | None = None
) -> Choice:
    """Return the choice at the least bond, doubling from ``bond_dim``, that is taken."""
    while True:
        try:
            return choose(query, name, bond_dim, limits)
        except OverBudget:
            raise
        except BackendCannot:
            if bond_dim >= max_bond_dim:
                raise
            bond_dim = min(2 * bond_dim, max_bond_dim)
