"""One pass forward from the observable and one backward from the input, at one bond."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qnnbench.moments.chain import Chain, log_of, overlap
from qnnbench.moments.channels import Alphabet
from qnnbench.moments.environments import environments
from qnnbench.moments.palindrome import is_palindrome
from qnnbench.moments.reduction import Reduction
from qnnbench.moments.schedule import Block, Step

ZERO = 1e-13  # an inner product this far below the norms may be a rounding error
AGREEING = 1e-6  # unless it is the same at all layers to this part


@dataclass(frozen=True)
class Problem:
    """A moment <w| T … T |p> and its derivatives.

    Attributes:
        observable: p, weights of the observable over letters, in reduced bases on ``sites``.
        sites: The support of the observable.
        state: w, means of the input over letters, on the sites of the last step.
        steps: In Heisenberg order.
        reduction: The reduced bases.
        n_symbols: Number of symbols.
    """

    observable: Chain
    sites: tuple[int, ...]
    state: Chain
    steps: Sequence[Step]
    reduction: Reduction
    n_symbols: int


@dataclass(frozen=True)
class Solution:
    """Natural logs of the moments found at one bond dimension.

    Attributes:
        sign: Of the value, +1, -1 or 0.
        log_value: Of its magnitude, the median over all layers.
        log_gradients: Of the derivative by each symbol's angle, shape (n_symbols,).
        spread: Of the value over all layers, relative; exact arithmetic gives 0.
        bond_dim: Largest bond dimension met.
        truncated: Whether anything but rounding errors was cut off.
    """

    sign: float
    log_value: float
    log_gradients: np.ndarray
    spread: float
    bond_dim: int
    truncated: bool


def solve(problem: Problem, max_bond_dim: int, gradients: bool) -> Solution:
    """Return the moments with bonds up to ``max_bond_dim``.

    At every layer t of rotations <w_t|T|p_t> is one and the same number but for
    truncation errors; T with one rotation replaced by its derivative gives the second
    moment of that derivative. A palindrome (the steps are their own transpose and
    state and observable are parallel) needs no backward pass.
    """
    run = _Run(problem, max_bond_dim, gradients)
    mirrors = is_palindrome(problem.steps, problem.reduction, problem.observable, problem.state)
    final = run.forward(mirrors)
    run.record(*overlap(problem.state, final), problem.state, final)
    if not mirrors:
        run.backward()
    return run.solution()


class _Run:
    """The two passes at one bond dimension, and what they have met so far."""

    def __init__(self, problem: Problem, max_bond_dim: int, gradients: bool) -> None:
        self._problem, self._max_bond_dim, self._gradients = problem, max_bond_dim, gradients
        self._before: list[Chain | None] = []
        self._estimates: list[tuple[float, float]] = []
        self._signed = problem.reduction.alphabet is Alphabet.MEAN
        self._may_vanish, self._log_rounding = False, -np.inf
        self._log_gradients = np.full(problem.n_symbols, -np.inf)
        self._bond_dim, self._truncated = 1, False

    def forward(self, mirrors: bool) -> Chain:
        """Carry the observable through all steps, keeping it before each layer.

        In a palindrome its own mirror image stands for the state: from the middle on both
        are known, and a layer and its mirror image need no longer be kept.
        """
        p = self._problem.observable.copy()
        for k, (step, fresh) in enumerate(
            zip(self._problem.steps, self._fresh_sites(), strict=True)
        ):
            for site in fresh:
                p.insert(step.sites.index(site), self._identity(site))
            self._before.append(None if step.is_ladder else p.copy())
            mirrored = len(self._problem.steps) - 1 - k
            if mirrors and mirrored <= k:
                for layer, other in dict.fromkeys([(k, mirrored), (mirrored, k)]):
                    self._meet_mirror(layer, other)
                self._before[k] = self._before[mirrored] = None
            self._apply(p, step, transposed=False)
        return p

    def backward(self) -> None:
        """Carry the state back through all steps, meeting the observable on the way."""
        w, steps = self._problem.state.copy(), self._problem.steps
        for k, fresh in reversed(list(enumerate(self._fresh_sites()))):
            self._meet(k, w)
            self._before[k] = None
            self._apply(w, steps[k], transposed=True)
            for site in reversed(fresh):
                w.remove(steps[k].sites.index(site), self._identity(site))
        p = self._problem.observable
        self.record(*overlap(w, p), w, p)

    def _meet_mirror(self, k: int, mirrored: int) -> None:
        """Meet the observable with its own mirror image in place of the state."""
        image = self._before[mirrored]
        if image is not None:
            w = image.copy()
            w.log += self._problem.state.log - self._problem.observable.log
            self._meet(k, w)

    def record(self, sign: float, log: float, w: Chain, p: Chain) -> None:
        """Keep one estimate of the value."""
        if not self._estimates or self._may_vanish:
            norms = (overlap(w, w)[1] + overlap(p, p)[1]) / 2
            self._may_vanish = not log > norms + np.log(ZERO)
            self._log_rounding = norms + np.log(ZERO)
        self._estimates.append((sign, log))
        self._truncated |= w.truncated or p.truncated
        self._bond_dim = max(self._bond_dim, w.bond_dim, p.bond_dim)

    def solution(self) -> Solution:
        """Return the median over all estimates, and their spread."""
        signs, logs = np.array(self._estimates).T
        largest = np.max(logs[np.isfinite(logs)], initial=self._log_rounding)
        values = signs * np.exp(logs - (largest if np.isfinite(largest) else 0.0))
        middle = float(np.median(values))
        if self._may_vanish and np.ptp(values) > AGREEING * abs(middle):
            middle = 0.0  # below rounding at every layer, and nowhere the same
        log_value = float(log_of(abs(middle))) + float(largest)
        undecided = 0.0 if self._may_vanish else np.inf
        spread = float(np.ptp(values) / abs(middle)) if middle else undecided
        is_relative = middle and not self._signed  # derivatives may outlive a value of zero
        floor = log_value + np.log(ZERO) if is_relative else self._log_rounding
        log_gradients = np.where(self._log_gradients < floor, -np.inf, self._log_gradients)
        return Solution(
            sign=float(np.sign(middle)),
            log_value=log_value,
            log_gradients=log_gradients,
            spread=spread,
            bond_dim=self._bond_dim,
            truncated=self._truncated,
        )

    def _meet(self, k: int, w: Chain) -> None:
        """Record <w|T|p> at layer ``k`` and read the gradients of its rotations."""
        p, step = self._before[k], self._problem.steps[k]
        if p is None:
            return
        channel = self._problem.reduction.channel
        owner = {site: block for block in step.blocks for site in block.sites}
        blocks = list(dict.fromkeys(owner.get(site, site) for site in step.sites))
        layer = [
            (len(b.sites), channel(b).total) if isinstance(b, Block) else (1, None) for b in blocks
        ]
        sign, log, found = environments(w, p, layer)
        self.record(sign, log, w, p)
        if self._gradients:
            for block, environment in zip(blocks, found, strict=True):
                if isinstance(block, Block) and block.symbols:
                    logs = environment.log_values(channel(block).derivatives, self._signed)
                    self._log_gradients[block.symbols] = logs

    def _apply(self, chain: Chain, step: Step, transposed: bool) -> None:
        position = {site: j for j, site in enumerate(step.sites)}
        singles: dict[int, np.ndarray] = {}
        pairs: dict[int, np.ndarray] = {}
        for block in step.blocks:
            matrix = self._problem.reduction.channel(block).total
            kind = singles if len(block.sites) == 1 else pairs
            kind[position[block.sites[0]]] = matrix.T if transposed else matrix
        chain.apply_local(singles)
        rightward = step.rightward != transposed if step.is_ladder else None
        chain.apply_pairs(pairs, self._max_bond_dim, rightward)

    def _fresh_sites(self) -> list[list[int]]:
        """Return the sites that enter the chain at each step."""
        steps = self._problem.steps
        before = [self._problem.sites, *(step.sites for step in steps)][: len(steps)]
        return [
            sorted(set(step.sites) - set(known)) for step, known in zip(steps, before, strict=True)
        ]

    def _identity(self, site: int) -> np.ndarray:
        """Return the letter I in the reduced basis of ``site``."""
        return self._problem.reduction.bases[site][:, 0]
