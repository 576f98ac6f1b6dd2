"""How bad input is made, the same every time, and what became of it is counted."""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

SLOW_S = 20.0  # CPU seconds; a case that takes more is a fault
LATE_S = 120  # of the clock; a case that takes more hangs
HOSTILE = (
    "../../etc/passwd",
    "/etc/passwd",
    "a\0b",
    "'; DROP TABLE runs; --",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "!!python/object/apply:os.system ['true']",
    "ψ" * 300,
    "",
    " ",
    "nan",
    "-1",
)


@dataclass
class Tally:
    """What became of the cases of one kind."""

    kind: str
    n_taken: int = 0
    n_refused: int = 0
    slowest_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    def one(self, case: str, attempt: Callable[[], Any], allowed: tuple[type, ...]) -> None:
        """Try a case: it may return, or raise one of ``allowed`` with a message."""
        start = time.process_time()
        try:
            attempt()
            self.n_taken += 1
        except allowed as error:
            self.n_refused += 1
            if not str(error).strip():
                self.faults.append(f"refused without a word: {case}")
        except Exception as error:  # what a user would see as a traceback
            self.faults.append(f"{type(error).__name__}: {error}; in {case}"[:300])
        seconds = time.process_time() - start
        self.slowest_s = max(self.slowest_s, seconds)
        if seconds > SLOW_S:
            self.faults.append(f"took {seconds:.0f} CPU s: {case}")

    @property
    def n_cases(self) -> int:
        """How many were tried."""
        return self.n_taken + self.n_refused + len(self.faults)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20) | st.sampled_from([10**400, -(10**400)]),
    st.floats(),
    st.sampled_from(HOSTILE),
    st.text(max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(tree: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of every value in a config."""
    if path:
        yield path
    keys = tree.keys() if isinstance(tree, dict) else ()
    keys = range(len(tree)) if isinstance(tree, list) else keys
    for key in keys:
        yield from places(tree[key], (*path, key))


@st.composite
def spoiled(draw: st.DrawFn, config: dict[str, Any]) -> dict[str, Any]:
    """Return a config with up to three values replaced, dropped, doubled or renamed."""
    config = copy.deepcopy(config)
    for _ in range(draw(st.integers(1, 3))):
        *parents, key = draw(st.sampled_from(list(places(config))))
        holder = config
        for parent in parents:
            holder = holder[parent]
        edit = draw(st.sampled_from(["replace", "drop", "rename", "swap"]))
        if edit == "drop":
            del holder[key]
        elif edit == "rename" and isinstance(holder, dict):
            holder[draw(st.sampled_from(HOSTILE) | st.text(max_size=10))] = holder.pop(key)
        elif edit == "swap":
            other = config
            for step in draw(st.sampled_from(list(places(config)))):
                other = other[step]
            holder[key] = copy.deepcopy(other)
        else:
            holder[key] = draw(VALUES)
        if not config:
            break
    return config


def repeated(case: Callable, strategy: st.SearchStrategy, n_cases: int) -> None:
    """Run ``case`` on so many examples; the same ones every time."""
    settings(
        max_examples=n_cases,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(given(strategy)(case))()
