"""Figures of variances show the rows and nothing else."""

import numpy as np
import pandas as pd
import pytest

from qnnbench.figures import FIGURES, NARROW, WIDE, render
from qnnbench.figures.comparisons import contrasts, law_words, laws
from qnnbench.figures.depth import by_place, decay_rate, mapped, scanned
from qnnbench.figures.trainability import (
    CLOSED_FORM,
    LOSS,
    MAXIMUM,
    MEAN,
    MEASURED,
    SAMPLED,
    curves,
    drawable,
)
from tests import synthetic_rows
from tests.drawn_rows import frame, lines, study_frames, texts


@pytest.fixture(scope="module")
def frames():
    return study_frames()


def labels(rows):
    return {curve.label for curve in curves(drawable(rows))}


def test_gradient_curves_are_the_rows(frames):
    figure = FIGURES["gradient_variance"].draw(frames["trainability"], WIDE)
    gradient, loss = map(lines, figure.axes[:2])
    for curve in curves(drawable(frames["trainability"])):
        if curve.kind != MEASURED:
            continue
        for drawn, column in ((gradient, MEAN), (gradient, MAXIMUM), (loss, LOSS)):
            line = drawn[f"{curve.label} {column}"]
            np.testing.assert_array_equal(line.get_xdata(), curve.rows["n_qubits"])
            np.testing.assert_array_equal(line.get_ydata(), curve.rows[column])


@pytest.mark.parametrize("layout", [WIDE, NARROW])
@pytest.mark.parametrize("widths", [(4, 8), (4, 100)])
def test_the_legend_lies_over_nothing_that_is_drawn(frames, layout, widths):
    rows = frames["trainability"]
    own = rows[rows["n_qubits"].isin(widths)].copy()
    for side in ("lower", "upper"):  # long bars at the narrow end, where the legend stands
        own[f"{MEAN}_{side}"] = own[MEAN] + (-30.0 if side == "lower" else 0.1)
    axes = FIGURES["gradient_variance"].draw(own, layout).axes[0]
    box = axes.get_legend().get_window_extent()
    paths = [(line.get_path(), line.get_transform()) for line in axes.get_lines()]
    for bars in axes.collections:
        paths += [(path, bars.get_transform()) for path in bars.get_paths()]
    assert len(paths) > 4
    for path, transform in paths:
        assert not transform.transform_path(path).intersects_bbox(box, filled=False)


def test_a_label_names_what_tells_curves_apart(frames):
    names = labels(frames["trainability"])
    assert {"hea global", "hea local", "qcnn none untied", "tree"} <= names


def test_a_tied_curve_says_so_even_alone(frames):
    rows = frames["trainability"]
    assert "qcnn layer tied sampled" in labels(rows)
    alone = rows[(rows["ansatz"] == "qcnn") & (rows["sharing"] == "layer")]
    assert labels(alone) == {"qcnn tied sampled"}


def test_one_law_of_angles_per_network_the_uniform_one_if_there_is_one(frames):
    shown = drawable(frames["trainability"])
    hea = shown[(shown["ansatz"] == "hea") & (shown["observable"] == "global")]
    assert set(hea["angles"]) == {"uniform"}
    rows = frames["trainability"]
    others = drawable(rows[rows["angles"] != "uniform"])
    assert {"small", "identity_blocks", "gaussian(0.1)"} <= set(others["angles"])


def test_contrasts_and_depths_are_no_curves_against_width(frames):
    shown = drawable(frames["trainability"])
    assert set(shown["contrast"]) == {""}
    assert "hea_local_depths" not in set(shown["curve"])


def test_depths_of_one_family_are_one_curve_if_one_law_holds():
    rows = frame("trainability", synthetic_rows.trainability(widths=(8, 16)))
    deep = rows[rows["ansatz"] == "deep_brickwork"]
    assert labels(deep) == {"deep_brickwork"}
    both = pd.concat([deep, deep.assign(n_layers=2, curve="shallow")], ignore_index=True)
    assert labels(both) == {
        "deep_brickwork depth 16",
        "deep_brickwork depth 2",
        "deep_brickwork depth 32",
    }


def test_exact_zeros_are_counted_and_not_drawn():
    rows = frame("trainability", synthetic_rows.trainability(widths=(4, 8)))
    tree = (rows["ansatz"] == "tree") & (rows["n_qubits"] == 4) & (rows["angles"] == "uniform")
    rows.loc[tree & rows["contrast"].isna(), [MEAN, MAXIMUM, LOSS]] = -np.inf
    figure = FIGURES["gradient_variance"].draw(rows, WIDE)
    np.testing.assert_array_equal(lines(figure.axes[0])[f"tree {MEAN}"].get_xdata(), [8])
    assert "1 exactly zero: not drawn" in texts(figure)
    render(figure, "png")


def test_sampled_variances_are_points_with_their_intervals(frames):
    rows = frames["trainability"]
    axes = FIGURES["gradient_variance"].draw(rows, WIDE).axes
    for panel, column in zip(axes, (MEAN, LOSS, MEAN, LOSS), strict=True):
        bars = {bar.get_label(): bar for bar in panel.containers}
        line, _, (interval,) = bars[f"hea global sampled {column}"].lines
        own = rows[rows["curve"] == "hea_global_sampled"]
        assert line.get_linestyle() == "None"
        np.testing.assert_array_equal(line.get_ydata(), own[column])
        ends = np.array([segment[:, 1] for segment in interval.get_segments()])
        np.testing.assert_allclose(ends, own[[f"{column}_lower", f"{column}_upper"]], rtol=1e-12)
        exact = lines(panel)[f"hea global {column}"]
        assert line.get_color() == exact.get_color()


def test_closed_forms_are_dashed_and_nothing_else_is(frames):
    axes = FIGURES["gradient_variance"].draw(frames["trainability"], WIDE).axes[1]
    dashed = {name for name, line in lines(axes).items() if line.get_linestyle() == "--"}
    assert dashed == {f"tree haar_blocks {CLOSED_FORM} {LOSS}"}


def test_every_kind_of_row_is_drawn_somewhere(frames):
    shown = curves(drawable(frames["trainability"]))
    assert {curve.kind for curve in shown} == {MEASURED, SAMPLED, CLOSED_FORM}


def test_the_map_shows_each_angle_at_its_layer_and_qubit(frames):
    rows = frames["trainability"]
    figure = FIGURES["gradient_map"].draw(rows, WIDE)
    drawn = mapped(rows)
    assert set(drawn["observable"]) == {"global", "local"}
    for i, (_, row) in enumerate(drawn.iterrows()):
        n = row["n_qubits"]
        for k in range(2):
            shown = figure.axes[2 * i + k].get_images()[0].get_array()
            for layer, qubit in ((0, 0), (3, 17), (n - 1, n - 1)):
                stored = row["log10_gradient_variance"][2 * n * layer + k * n + qubit]
                if np.isfinite(stored):
                    assert shown[layer, qubit] == stored
                else:
                    assert shown.mask[layer, qubit]


def test_rates_over_depth_are_those_of_the_rows(frames):
    rows = frames["trainability"]
    figure = FIGURES["variance_by_depth"].draw(rows, WIDE)
    gradient, loss = map(lines, figure.axes)
    own = scanned(rows).sort_values("n_layers")
    np.testing.assert_array_equal(gradient["all symbols"].get_ydata(), own[MEAN])
    np.testing.assert_array_equal(loss["loss"].get_ydata(), own[LOSS])
    for place, qubits in (("edge", [0, -1]), ("bulk", [49, 50])):
        means = [np.log10((10 ** by_place(row)[..., qubits]).mean()) for _, row in own.iterrows()]
        np.testing.assert_allclose(gradient[place].get_ydata(), means, rtol=1e-12)
        x, y = gradient[f"{place} fit"].get_data()
        slope = np.polyfit([16, 32, 64], means[2:], 1)[0]
        np.testing.assert_allclose(np.diff(y) / np.diff(x), slope, rtol=1e-9)
        assert f"{place}: {slope:+.3f} decades per layer".replace("-", "−") in " ".join(
            texts(figure).split()
        )
    assert "0.060 decades" in FIGURES["variance_by_depth"].headline(own)


def test_a_rate_needs_three_depths():
    assert np.isnan(decay_rate(np.array([2.0, 4.0]), np.array([-1.0, -2.0]))[0])
    slope, start = decay_rate(np.arange(1.0, 7.0), np.array([0, 0, -3.0, -4, -5, -6]))
    assert (slope, start) == (pytest.approx(-1), pytest.approx(0))


def test_initial_laws_are_the_rows_of_each_network(frames):
    rows = frames["trainability"]
    figure = FIGURES["initial_laws"].draw(rows, WIDE)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["hea global", "hea local", "qcnn z_last none"]
    drawn = lines(figure.axes[0])
    own = laws(rows)
    own = own[own["observable"] == "global"]
    for law, part in own.groupby("angles"):
        np.testing.assert_array_equal(drawn[f"{law_words(law)} {MEAN}"].get_ydata(), part[MEAN])
    assert "hea global from 10^-60.2 (uniform)" in FIGURES["initial_laws"].headline(laws(rows))


def test_contrasts_stand_beside_the_loss_of_their_network(frames):
    rows = frames["trainability"]
    figure = FIGURES["loss_and_contrast"].draw(rows, WIDE)
    tree = next(ax for ax in figure.axes if ax.get_title(loc="left") == "tree z_root")
    drawn = lines(tree)
    losses = rows[(rows["ansatz"] == "tree") & (rows["curve"] == "tree_z_root_uniform")]
    ghz = rows[rows["curve"] == "tree_ghz_dephased"]
    for label, own in (("loss", losses), ("contrast ghz_dephased", ghz)):
        np.testing.assert_array_equal(drawn[f"{label} {LOSS}"].get_ydata(), own[LOSS])
    assert f"contrast ghz_dephased haar blocks {CLOSED_FORM} {LOSS}" in drawn
    said = FIGURES["loss_and_contrast"].headline(contrasts(rows))
    assert "the loss of qcnn z_last varies by" in said
    assert "ghz_dephased" in said


def test_a_contrast_is_compared_with_the_loss_of_its_own_circuit(frames):
    rows = frames["trainability"]
    own = rows[rows["curve"].isin(["tree_z_root_uniform", "tree_ghz_dephased"])]
    loss = own[own["contrast"].isna()]
    others = [  # first in the table, larger: each differs in one choice
        loss.assign(curve="other", log10_variance=9.0, **choice)
        for choice in ({"angles": "small"}, {"sharing": "shape", "tied": True}, {"n_layers": 3})
    ]
    chosen = contrasts(pd.concat([*others, own], ignore_index=True))
    assert set(chosen["curve"]) == {"tree_z_root_uniform", "tree_ghz_dephased"}
    said = FIGURES["loss_and_contrast"].headline(chosen)
    assert f"At 100 qubits the loss of tree z_root varies by 10^{loss[LOSS].iloc[-1]:.1f}" in said
