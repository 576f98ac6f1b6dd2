"""Tables for print: CSV holds every row, LaTeX what fits a page and is no command."""

import io
import re

import numpy as np
import pandas as pd
import pytest

from qnnbench.columns import TABLES
from qnnbench.report.captions import rst
from qnnbench.report.cells import Cell, number
from qnnbench.report.latex import MOST_ROWS, escaped, latex
from qnnbench.report.paper import write_figure, write_table
from qnnbench.report.printed_tables import PRINTED_TABLES
from tests import synthetic_rows
from tests.drawn_rows import study_frames

MOST_COLUMNS = 10


def of(table):
    """Return the frames that a table declares, and no more."""
    return {name: study_frames()[name] for name in table.tables}


def body(text):
    """Return the cells of each row of a LaTeX table, its headings first."""
    inside = re.search(
        r"\\begin\{(?:tabular|longtable)\}.*?\n(.*)\\end\{(?:tab|long)", text, re.DOTALL
    )[1]
    lines = [
        line for line in inside.splitlines() if line.endswith(r"\\") and "caption" not in line
    ]
    return [re.split(r"(?<!\\)&", line.removesuffix(r"\\")) for line in lines]


@pytest.mark.parametrize("table", PRINTED_TABLES.values(), ids=PRINTED_TABLES)
def test_csv_holds_every_row_of_the_tables_it_declares(table):
    assert set(table.tables) <= set(TABLES)
    read = pd.read_csv(io.StringIO(table.csv(of(table))), float_precision="round_trip")
    made = table.make(study_frames()).frame
    assert len(read) == len(made) > 0
    numbers = made.select_dtypes("number").dropna(axis="columns", how="all")
    assert len(numbers.columns)
    for column in numbers:
        np.testing.assert_array_equal(  # in full precision
            read[column].to_numpy(float), made[column].astype(float).to_numpy()
        )


@pytest.mark.parametrize("table", PRINTED_TABLES.values(), ids=PRINTED_TABLES)
def test_latex_is_whole_and_fits_a_page(table):
    text = table.latex(of(table))
    cells = body(text)
    assert len(table.columns) <= MOST_COLUMNS
    assert {len(row) for row in cells} == {len(table.columns)}
    assert len(cells) - 1 == len(table.make(of(table)).frame) + (r"\begin{longtable}" in text)
    for rule in ("toprule", "midrule", "bottomrule"):
        assert f"\\{rule}" in text
    assert text.isascii()
    plain = re.sub(r"\\[\\{}$]", "", text)
    assert plain.count("{") == plain.count("}")
    assert plain.count("$") % 2 == 0
    opened, closed = re.findall(r"\\begin\{(\w+)", text), re.findall(r"\\end\{(\w+)", text)
    assert sorted(opened) == sorted(closed)
    assert f"\\label{{tab:{table.name}}}" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10^-60.2", "$10^{-60.2}$"),
        ("2.0 × 10^-28", r"2.0 $\times$ $10^{-28}$"),
        ("Var ∂C, mean (rad⁻²)", r"Var $\partial$C, mean (rad$^{-2}$)"),
        ("ghz_dephased", r"ghz\_dephased"),
        ("5 % & 3 #", r"5 \% \& 3 \#"),
        (r"\input{x}$", r"\textbackslash{}input\{x\}\$"),
        ("−0.5", "$-$0.5"),
        ("|0…0⟩", r"\textbar{}0\ldots{}0$\rangle$"),
        ("a\nb", "a b"),
    ],
)
def test_text_is_shown_letter_by_letter(text, expected):
    assert escaped(text) == expected


def test_intervals_stand_beside_their_value_and_numbers_to_the_right():
    text = PRINTED_TABLES["rivals"].latex({"rivals": study_frames()["rivals"]})
    row = study_frames()["rivals"].sort_values(["dataset", "n_qubits", "arm"]).iloc[0]
    value, low, high = (f"{row[name]:.3f}" for name in ("value", "lower", "upper"))
    assert f"{value} [{low}, {high}]" in text
    assert re.search(r"\{@\{\}lrllrrr@\{\}\}", text)


def test_a_name_that_repeats_is_written_once():
    rows = [[Cell("a"), number(1)], [Cell("a"), number(2)], [Cell("b"), number(3)]]
    cells = [[cell.strip() for cell in row] for row in body(latex("t", "c", ("x", "y"), rows))]
    assert cells == [["x", "y"], ["a", "1"], ["", "2"], ["b", "3"]]


def test_many_rows_run_over_pages_and_none_is_lost():
    rows = [[Cell(f"n{i}"), number(i)] for i in range(MOST_ROWS + 1)]
    text = latex("t", "c", ("x", "y"), rows)
    assert r"\begin{longtable}" in text
    assert text.count(r"\endhead") == text.count(r"\endfirsthead") == 1
    assert len(body(text)) == MOST_ROWS + 3  # headings twice


def test_a_table_without_rows_says_what_it_would_hold():
    text = PRINTED_TABLES["jobs"].latex({"jobs": study_frames()["jobs"].iloc[:0]})
    assert "device" in text
    assert r"\bottomrule" in text


def test_files_are_written_from_the_rows_that_are_declared(tmp_path):
    files = synthetic_rows.write({"rivals": synthetic_rows.rivals()}, tmp_path)
    write_table("rivals", files, tmp_path / "t.csv", tmp_path / "t.tex")
    assert (tmp_path / "t.csv").read_text() == PRINTED_TABLES["rivals"].csv(
        {"rivals": study_frames()["rivals"]}
    )
    files = synthetic_rows.write({"trainability": synthetic_rows.trainability()}, tmp_path)
    write_figure("initial_laws", files, tmp_path / "f.pdf", tmp_path / "f.png")
    first = (tmp_path / "f.pdf").read_bytes()
    write_figure("initial_laws", files, tmp_path / "f.pdf", tmp_path / "f.png")
    assert (tmp_path / "f.pdf").read_bytes() == first


def test_an_unknown_figure_or_table_is_answered_with_a_near_one(tmp_path):
    with pytest.raises(ValueError, match="Did you mean 'accuracy'"):
        write_figure("acuracy", {}, tmp_path / "f.pdf", tmp_path / "f.png")
    with pytest.raises(ValueError, match="Did you mean 'scores'"):
        write_table("score", {}, tmp_path / "t.csv", tmp_path / "t.tex")


def test_captions_show_their_text():
    from docutils.core import publish_parts

    said = "|∂C/∂θ| of *a* `b` in ghz_dephased_ <b> {c} :d: \\e"
    shown = publish_parts(rst(said), writer="html")
    text = re.sub(r"<[^>]+>", "", shown["body"]).strip()
    assert text == "|∂C/∂θ| of *a* `b` in ghz_dephased_ &lt;b&gt; {c} :d: \\e"
