"""The ladder shows every learner on every dataset, the easiest first."""

import numpy as np
import pandas as pd
import pytest

from qnnbench.figures import FIGURES, WIDE
from tests.drawn_rows import study_frames, together


@pytest.fixture(scope="module")
def frames():
    return study_frames()


def test_the_ladder_shows_every_accuracy_with_a_record(frames):
    figure = FIGURES["ladder"]
    rows = together(figure, frames)
    drawn = figure.draw(rows, WIDE)
    own = figure.select(rows)
    assert [axes.get_title(loc="left") for axes in drawn.axes] == ["8 qubits", "100 qubits"]
    for axes, width in zip(drawn.axes, (8, 100), strict=True):
        shown = [x for marks in axes.containers for x in marks.lines[0].get_xdata()]
        np.testing.assert_allclose(sorted(shown), sorted(own[own["n_qubits"] == width]["value"]))
        assert [text.get_text() for text in axes.texts][-1] == "lu_orbit"  # the hardest, last
    told = "0.620 [0.610, 0.630] from joint shots of two copies (two_copies, 2 copies)"
    assert told in figure.headline(own)
    assert "0.98" not in figure.headline(own)  # of 32 copies


def test_a_dataset_is_as_hard_as_it_is_for_the_learners_that_all_share(frames):
    rows = together(FIGURES["ladder"], frames)
    names = [text.get_text() for text in FIGURES["ladder"].draw(rows, WIDE).axes[0].texts]
    order = [name for name in names if name in set(rows["dataset"])]
    assert order == ["spt_path", "cluster_ising", "ring_pair", "lu_orbit"]
    alone = rows[(rows["dataset"] != "cluster_ising") | (rows["arm"] == "qcnn")]  # none is shared
    names = [text.get_text() for text in FIGURES["ladder"].draw(alone, WIDE).axes[0].texts]
    order = [name for name in names if name in set(rows["dataset"])]
    assert order == ["cluster_ising", "spt_path", "lu_orbit", "ring_pair"]


def test_marks_of_several_copies_say_of_how_many(frames):
    drawn = FIGURES["ladder"].draw(together(FIGURES["ladder"], frames), WIDE)
    for axes in drawn.axes:
        assert [text.get_text() for text in axes.texts].count("2, 8, 32 copies") == 2


def test_arms_that_read_the_same_copies_are_told_so_once(frames):
    rows = together(FIGURES["ladder"], frames)
    pairs = rows[rows["arm"] == "two_copies"]
    both = pd.concat([rows, pairs.assign(arm="another")], ignore_index=True)
    for axes in FIGURES["ladder"].draw(both, WIDE).axes:
        assert [text.get_text() for text in axes.texts].count("2, 8, 32 copies") == 2


def test_each_record_of_a_dataset_has_a_lane_of_its_own(frames):
    figure = FIGURES["ladder"]
    rows = together(figure, frames)
    drawn, own = figure.draw(rows, WIDE), figure.select(rows)
    found = []
    for axes, width in zip(drawn.axes, (8, 100), strict=True):
        lanes = [float(y) for marks in axes.containers for y in marks.lines[0].get_ydata()]
        here = own[own["n_qubits"] == width]
        n_lanes = len(here[["dataset", "record"]].drop_duplicates())
        assert len(set(lanes)) == n_lanes
        assert np.diff(sorted(set(lanes))).min() >= 1
        found.append(set(lanes))
        names = {text.get_position()[1] for text in axes.texts if text.get_weight() == "bold"}
        assert not names & set(lanes)
    assert found[0] == found[1]  # the same in both panels


def test_no_interval_leaves_the_axes_of_the_ladder(frames):
    rows = together(FIGURES["ladder"], frames)
    low = rows["dataset"] == "lu_orbit"
    rows.loc[low, "lower"] = 0.21
    for axes in FIGURES["ladder"].draw(rows, WIDE).axes:
        ends = [x for marks in axes.containers for x in marks.lines[2][0].get_segments()]
        reached = np.array(ends)[:, :, 0]
        left, right = axes.get_xlim()
        assert left < reached.min() < 0.22
        assert reached.max() < right
