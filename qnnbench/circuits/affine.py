"""Angles that are affine in the symbols, read from sympy without its calculus."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

import sympy

from qnnbench.circuits.gates import UnsupportedCircuit

Affine = tuple[float, tuple[tuple[int, float], ...]]


class _NotAffineError(Exception):
    """An expression is not affine as it is written."""


def affine(turns: sympy.Expr, index: Mapping[str, int]) -> Affine:
    """Return (offset, ((symbol index, coefficient), …)) in radians of an angle in units of π.

    Raises:
        UnsupportedCircuit: The angle is not affine in its symbols, or holds a symbol
            that is not in ``index``.
    """
    terms = _affine_terms(turns)
    unknown = sorted({name for name, _ in terms if name and name not in index})
    if unknown:
        raise UnsupportedCircuit(
            f"Angle {turns}·π holds symbols that are not listed: {unknown}. Add them to symbols."
        )
    offset = 0.0
    slopes: dict[int, float] = {}
    for name, radians in terms:
        if not name:
            offset += radians
        else:
            slopes[index[name]] = slopes.get(index[name], 0.0) + radians
    return offset, tuple(sorted(slopes.items()))


def phase_turns(coefficient: sympy.Expr) -> sympy.Expr:
    """Return x of a global phase exp(iπx), given as a product of powers."""
    powers = coefficient.as_powers_dict().items()
    logarithm = sum(exponent * sympy.log(base) for base, exponent in powers)
    return sympy.expand(logarithm / (sympy.I * sympy.pi))


def _affine_terms(turns: sympy.Expr) -> list[tuple[str, float]]:
    try:
        return list(_terms(turns, ()))
    except _NotAffineError:
        pass
    try:
        return list(_terms(sympy.expand(turns), ()))
    except _NotAffineError:
        raise UnsupportedCircuit(
            f"Angle {turns}·π is not affine in its symbols. Give each such angle a symbol of "
            "its own."
        ) from None


def _terms(expression: sympy.Expr, factors: tuple[sympy.Expr, ...]) -> Iterator[tuple[str, float]]:
    """Yield symbol name ("" for a constant) and radians of each term of π factors · expression."""
    if expression.is_Symbol:
        yield expression.name, _radians(factors)
    elif expression.is_number:
        yield "", _radians((*factors, expression))
    elif expression.is_Add:
        for term in expression.args:
            yield from _terms(term, factors)
    elif expression.is_Mul:
        numbers, free = list(factors), list[sympy.Expr]()
        for factor in expression.args:
            (numbers if factor.is_number else free).append(factor)
        if len(free) > 1:
            raise _NotAffineError
        yield from _terms(free[0], tuple(numbers))
    else:
        raise _NotAffineError


@lru_cache(maxsize=4096)
def _radians(factors: tuple[sympy.Expr, ...]) -> float:
    number = sympy.Mul(sympy.pi, *factors)
    if not number.is_real:  # complex, infinite or not a number
        raise _NotAffineError
    return float(number)
