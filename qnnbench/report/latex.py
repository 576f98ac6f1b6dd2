"""Tables as LaTeX: booktabs rules, numbers to the right, powers of ten set as such."""

import re
from collections.abc import Sequence

from qnnbench.report.cells import ABSENT, Cell

MOST_ROWS = 40  # of a table that fits a page; more of them run over several

_LETTERS = {
    "\\": r"\textbackslash{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': r"\textquotedbl{}",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "’": "'",
    "“": "``",
    "”": "''",
    "ä": r"\"a",
    "ö": r"\"o",
    "ü": r"\"u",
    "é": r"\'e",
}
_MATHS = {
    "−": "-",
    "×": r"\times ",
    "±": r"\pm ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "≠": r"\ne ",
    "→": r"\to ",
    "∞": r"\infty ",
    "∂": r"\partial ",
    "⟩": r"\rangle ",
    "⟨": r"\langle ",
    "√": r"\surd ",
    "½": r"\frac12 ",
    "α": r"\alpha ",
    "β": r"\beta ",
    "δ": r"\delta ",
    "Δ": r"\Delta ",
    "θ": r"\theta ",
    "λ": r"\lambda ",
    "π": r"\pi ",
    "σ": r"\sigma ",
    "φ": r"\phi ",
    "ψ": r"\psi ",
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_PARTS = re.compile(
    r"10\^(?P<power>[-−]?[\d.]*\d)|(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)|(?P<letter>.)", re.DOTALL
)


def escaped(text: str) -> str:
    """Return ``text`` as LaTeX shows it: nothing in it is a command.

    "10^-60.2" is set as a power, as are superscript digits. Letters that pdfLaTeX does not
    know stay as they are.
    """
    return "".join(map(_part, _PARTS.finditer(text))).replace("$$", "")


def _part(match: re.Match[str]) -> str:
    if power := match["power"]:
        return f"$10^{{{power.replace('−', '-')}}}$"
    if raised := match["raised"]:
        return f"$^{{{raised.translate(_SUPERSCRIPTS)}}}$"
    letter = match["letter"]
    if letter in _MATHS:
        return f"${_MATHS[letter].rstrip()}$"
    return _LETTERS.get(letter, " " if letter.isspace() else letter)


def latex(name: str, caption: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    r"""Return a table that a paper takes by ``\input``, numbers in columns to the right.

    What repeats in the first column is written once. More than ``MOST_ROWS`` rows make a
    longtable, which runs over pages.

    Args:
        name: Its label is ``tab:name``.
        caption: A sentence, without its full stop.
        columns: Headings.
        rows: One cell per column.
    """
    sides = "".join(
        "r" if any(row[i].key is not None for row in rows) else "l" for i in range(len(columns))
    )
    head = [" & ".join(map(escaped, columns)) + r" \\"]
    body = [line for i, row in enumerate(rows) for line in _lines(row, rows[i - 1] if i else None)]
    title = f"\\caption{{{escaped(caption)}.}}"
    label = f"\\label{{tab:{name}}}"
    if len(rows) > MOST_ROWS:
        lines = [
            r"\begingroup\footnotesize",
            f"\\begin{{longtable}}{{@{{}}{sides}@{{}}}}",
            title + label + r" \\",
            *(r"\toprule", *head, r"\midrule", r"\endfirsthead"),
            *(r"\toprule", *head, r"\midrule", r"\endhead"),
            *(r"\midrule", r"\endfoot", r"\bottomrule", r"\endlastfoot"),
            *body,
            r"\end{longtable}",
            r"\endgroup",
        ]
    else:
        lines = [
            *(r"\begin{table*}", r"\centering\footnotesize", title, label),
            f"\\begin{{tabular}}{{@{{}}{sides}@{{}}}}",
            *(r"\toprule", *head, r"\midrule", *body, r"\bottomrule"),
            *(r"\end{tabular}", r"\end{table*}"),
        ]
    packages = "booktabs, longtable" if len(rows) > MOST_ROWS else "booktabs"
    return "\n".join([f"% \\usepackage{{{packages}}}", *lines, ""])


def _lines(row: Sequence[Cell], above: Sequence[Cell] | None) -> list[str]:
    """Return a row, after a little space where its first cell is new."""
    repeats = above is not None and row[0].text == above[0].text and row[0].text != ABSENT
    cells = ["" if repeats else escaped(row[0].text), *(escaped(cell.text) for cell in row[1:])]
    space = [] if repeats or above is None else [r"\addlinespace"]
    return [*space, " & ".join(cells) + r" \\"]
