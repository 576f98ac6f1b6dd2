"""Figures of training and its scores show the rows and nothing else."""

import numpy as np
import pandas as pd
import pytest

from qnnbench.figures import FIGURES, LIGHT, WIDE
from qnnbench.figures.scores import accuracies, fidelities, main_scores, rates, typical
from tests.drawn_rows import frame, lines, study_frames, texts


@pytest.fixture(scope="module")
def frames():
    return study_frames()


def test_learning_curves_are_the_steps_at_the_largest_width(frames):
    steps = frames["steps"]
    figure = FIGURES["learning_curves"].draw(steps, WIDE)
    own = steps[(steps["dataset"] == "cluster_ising") & (steps["n_qubits"] == 100)]
    for axes, measure in zip(figure.axes[:2], ("loss", "validation_score"), strict=True):
        seen = own[own[measure].notna()]
        *repeats, bold = axes.get_lines()
        for line, (_, part) in zip(repeats, seen.groupby("repeat"), strict=True):
            np.testing.assert_array_equal(line.get_xdata(), part["step"])
            np.testing.assert_array_equal(line.get_ydata(), part[measure])
        median = [np.median(part[measure]) for _, part in seen.groupby("step")]
        np.testing.assert_allclose(bold.get_ydata(), median, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "dataset"),
    [("accuracy", "spt_path"), ("compression", "two_state"), ("regression", "spt_path")],
)
def test_scores_are_the_rows(frames, name, dataset):
    figure = FIGURES[name].draw(frames["scores"], WIDE)
    axes = next(ax for ax in figure.axes if ax.get_title(loc="left") == dataset)
    own = FIGURES[name].select(frames["scores"])
    own = own[own["dataset"] == dataset]
    bars = {bar.get_label(): bar for bar in axes.containers}
    for arm, part in typical(own).groupby("arm"):
        line, _, (interval,) = bars[arm].lines
        np.testing.assert_array_equal(line.get_ydata(), part["value"])
        ends = np.array([segment[:, 1] for segment in interval.get_segments()])
        np.testing.assert_allclose(ends, part[["lower", "upper"]], rtol=1e-12)
        hollow = lines(axes)[f"{arm} untrained"]
        np.testing.assert_array_equal(hollow.get_ydata(), part["untrained_value"])
        assert hollow.get_markerfacecolor() == LIGHT["surface"]
    assert set(lines(axes)["chance"].get_ydata()) == set(own["chance"])


def test_contrasts_are_drawn_again_as_powers_of_ten(frames):
    figure = FIGURES["label_free"].draw(frames["scores"], WIDE)
    own = typical(frames["scores"][frames["scores"]["arm"] == "rg_tree_label_only"])
    drawn = lines(figure.axes[1])["rg_tree_label_only"].get_ydata()
    np.testing.assert_allclose(drawn, np.log10(own["value"]), rtol=1e-12)


def test_what_a_regression_lacks_to_one_is_drawn_again_as_powers_of_ten(frames):
    rows = frames["scores"]
    rows = rows.assign(upper=rows["upper"].where(rows["n_qubits"] != 8, 1.0))
    score, error = FIGURES["regression"].draw(rows, WIDE).axes
    own = typical(rows[rows["metric"] == "r_squared"]).sort_values("n_qubits")
    (bar,) = error.containers
    line, _, (interval,) = bar.lines
    errors = line.get_ydata().astype(float)
    np.testing.assert_allclose(errors, np.log10(1 - own["value"]), rtol=1e-12)
    low, high = np.array([segment[:, 1] for segment in interval.get_segments()]).T
    np.testing.assert_allclose(high, np.log10(1 - own["lower"]), rtol=1e-12)
    np.testing.assert_allclose(low[1:], np.log10(1 - own["upper"][1:]), rtol=1e-12)
    assert low[0] == errors[0]  # up to an R² of one: no end
    hollow = lines(error)[f"{bar.get_label()} untrained"]
    np.testing.assert_allclose(hollow.get_ydata(), np.log10(1 - own["untrained_value"]))
    assert set(lines(error)["chance"].get_ydata()) == {0.0}
    assert "ceiling" in lines(score)
    assert "ceiling" not in lines(error)  # an error of zero has no logarithm
    whole = rows.assign(value=1.0)
    FIGURES["regression"].draw(whole, WIDE)


def test_repeats_of_one_record_and_copies_share_a_median():
    row = {"dataset": "d", "metric": "accuracy", "arm": "a", "n_qubits": 8, "status": "ok"}
    counted = [(2, 0.6), (2, 0.62), (2, 0.7), (8, 0.8), (8, 0.84), (8, 0.9)]
    shots = [
        row | {"record": "joint", "n_copies": copies, "value": value, "repeat": i % 3}
        for i, (copies, value) in enumerate(counted)
    ]
    rows = frame("scores", shots)
    assert list(typical(rows)["value"]) == [0.62, 0.84]
    assert set(main_scores(rows)["value"]) == {0.6, 0.62, 0.7}
    means = [row | {"record": "means", "value": 0.75, "repeat": 0}]
    assert list(main_scores(frame("scores", shots + means))["value"]) == [0.75]


def test_the_accuracy_of_two_copies_is_that_of_one_pair_under_its_own_ceiling(frames):
    figure = FIGURES["accuracy"].draw(frames["scores"], WIDE)
    axes = next(ax for ax in figure.axes if ax.get_title(loc="left") == "lu_orbit")
    drawn = lines(axes)
    bars = {bar.get_label(): bar.lines[0] for bar in axes.containers}
    np.testing.assert_array_equal(bars["two_copies"].get_ydata(), [0.62] * 3)
    np.testing.assert_array_equal(drawn["two_copies repeats"].get_ydata(), [0.62] * 3)
    assert set(drawn["ceiling, two_copies"].get_ydata()) == {0.625}
    assert set(drawn["ceiling, xor"].get_ydata()) == {0.54}
    assert "two_copies untrained" in drawn
    assert "xor untrained" not in drawn  # nothing was trained


def test_an_arm_without_ansatz_has_a_look_by_its_name(frames):
    rows = accuracies(frames["scores"])
    qcnn = rows[(rows["arm"] == "qcnn") & (rows["dataset"] == "spt_path")]
    rows = pd.concat([rows[rows["dataset"] == "lu_orbit"], qcnn.assign(dataset="lu_orbit")])
    (axes,) = FIGURES["accuracy"].draw(rows, WIDE).axes
    colours = [bar.lines[0].get_color() for bar in axes.containers]
    assert len(set(colours)) == 3


def test_each_fidelity_is_in_one_figure_rates_against_the_qubits_kept(frames):
    scores = frames["scores"]
    assert set(rates(scores)["arm"]) == {"keep1", "keep2", "keep3"}
    assert set(fidelities(scores)["dataset"]) == {"two_state"}
    figure = FIGURES["rate"].draw(scores, WIDE)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["spt_path, 8 qubits", "spt_path, 32 qubits", "spt_path, 100 qubits"]
    own = rates(scores)
    own = typical(own[own["n_qubits"] == 100]).sort_values("n_kept")
    axes = figure.axes[-1]
    (bar,) = axes.containers
    assert bar.get_label() == "brickwork local"
    np.testing.assert_array_equal(bar.lines[0].get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(bar.lines[0].get_ydata(), own["value"])
    np.testing.assert_array_equal(lines(axes)["ceiling"].get_ydata()[1:-1], own["ceiling"])
    assert axes.get_xlabel() == "kept (qubits)"


def test_two_losses_in_turn_are_two_curves_and_one_score_a_marker(frames):
    steps = frames["steps"]
    steps = steps[(steps["dataset"] == "lu_orbit") & (steps["n_qubits"] == 100)].copy()
    loss, validation = FIGURES["learning_curves"].draw(steps, WIDE).axes
    for name in ("covariance", "low_count"):
        own = steps[steps["loss_name"] == name]
        line = lines(loss)[f"two_copies {name} median"]
        np.testing.assert_array_equal(line.get_xdata(), own["step"])
        np.testing.assert_array_equal(line.get_ydata(), own["loss"])
    assert "never evaluated" in texts(validation)
    steps.loc[steps["step"] == steps["step"].max(), "validation_score"] = 1.0
    _, validation = FIGURES["learning_curves"].draw(steps, WIDE).axes
    assert all(line.get_marker() not in ("", "None", None) for line in validation.get_lines())
    low, high = validation.get_ylim()
    assert low < 0.91  # a constant is shown on the scale of a score
    assert 1 < high < 1.02
    headline = FIGURES["learning_curves"].headline
    assert "in 0 of 0 curves scored more than once" in headline(steps)
