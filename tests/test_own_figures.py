"""A user's own ansatz and dataset stand in every figure and table where built-in ones stand."""

import pytest

from qnnbench.figures import FIGURES, WIDE
from qnnbench.figures.style import LOOKS, looks
from qnnbench.report import page, tables
from tests.drawn_rows import study_frames, texts, together

NAMES = {"qcnn": "zz_line", "spt_path": "spins"}


@pytest.fixture(scope="module")
def renamed():
    """Return the rows of a study whose network and dataset are the user's own."""
    return {
        table: rows.assign(
            **{
                column: rows[column].replace(NAMES, regex=True)  # arms hold names of networks
                for column in ("ansatz", "arm", "dataset", "family", "contrast")
                if column in rows
            }
        )
        for table, rows in study_frames().items()
    }


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_every_figure_shows_own_names_where_it_shows_built_in_ones(renamed, figure):
    built_in = texts(figure.draw(together(figure, study_frames()), WIDE))
    own = texts(figure.draw(together(figure, renamed), WIDE))
    for name, other in NAMES.items():
        assert own.count(other) == built_in.count(name)


def test_own_names_are_drawn_in_colours_and_markers_of_their_own():
    curves = [*((name, "") for name in LOOKS), ("zz_line", ""), ("mine", ""), ("mine", "global")]
    chosen = looks(curves)
    assert len(set(chosen)) == len(chosen)
    alone = looks([("zz_line", "")])
    assert looks([("zz_line", ""), ("mine", "")])[0] == alone[0]  # others do not repaint it


def test_tables_and_limits_tell_of_them(renamed):
    rows = str(tables.moments(renamed["trainability"])) + str(tables.verdicts(renamed["verdicts"]))
    assert "zz_line" in rows
    limits = {card["name"]: card for card in map(_card, page._limits(renamed["datasets"]))}
    assert "spins" in limits
    assert "its certificate" in limits["spins"]["limit"]


def _card(family):
    return family if isinstance(family, dict) else family.card()
