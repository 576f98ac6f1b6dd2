"""Figures show the rows and nothing else; colours can be told apart."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from qnnbench.figures import DARK, FIGURES, LIGHT, NARROW, WIDE, render
from qnnbench.figures.comparisons import contrasts, law_words, laws
from qnnbench.figures.depth import by_place, decay_rate, mapped, scanned
from qnnbench.figures.panels import spread
from qnnbench.figures.scores import accuracies, fidelities, main_scores, rates, typical
from qnnbench.figures.style import LOOKS, NEUTRALS, looks, power_of_ten, style
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
from qnnbench.results import to_table
from tests import synthetic_rows


def frame(table, rows):
    return to_table(table, rows).to_pandas()


@pytest.fixture(scope="module")
def frames():
    return {table: frame(table, rows) for table, rows in synthetic_rows.study().items()}


def together(figure, frames):
    """Return the rows that a figure draws."""
    return pd.concat([frames[table] for table in figure.tables], ignore_index=True)


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def texts(figure):
    return " ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))


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


@pytest.mark.parametrize("layout", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_no_text_is_clipped_or_overlaps(frames, figure, layout):
    drawn = figure.draw(together(figure, frames), layout)
    with style():
        drawn.draw_without_rendering()
    page = drawn.bbox
    for axes in drawn.axes:
        boxes = [Text.get_window_extent(label) for label in axes.texts]  # without the leaders
        for box in [*boxes, axes.xaxis.label.get_window_extent(), axes.title.get_window_extent()]:
            assert page.x0 <= box.x0 <= box.x1 <= page.x1
            assert page.y0 <= box.y0 <= box.y1 <= page.y1
        labels = sorted((box.y0, box.y1) for box in boxes)
        for (_, top), (bottom, _) in pairwise(labels):
            assert bottom >= top - 1  # pixel


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_every_figure_copes_with_no_rows_and_one_width(figure):
    one = {
        "trainability": synthetic_rows.trainability(widths=(8,)),
        **synthetic_rows.training(widths=(8,), repeats=1, n_steps=2),
        "rivals": synthetic_rows.rivals(widths=(8,)),
    }
    rows = together(figure, {table: frame(table, one[table]) for table in figure.tables})
    assert figure.headline(figure.select(rows))
    render(figure.draw(rows, NARROW), "svg")
    skipped = rows.assign(status="skipped")
    for nothing in (frame(figure.tables[0], []), skipped):
        assert figure.select(nothing).empty
        assert "to draw" in texts(figure.draw(nothing, WIDE))


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
    assert axes.get_xlabel() == "qubits kept"


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
    assert "for 0 of 0 arms scored more than once" in headline(steps)


def test_equal_rows_give_equal_bytes(frames):
    figure = FIGURES["compression"]
    first, second = (render(figure.draw(frames["scores"], WIDE), "svg") for _ in range(2))
    assert first == second


def test_one_look_per_curve():
    chosen = looks([("qcnn", "uniform"), ("qcnn", "gaussian"), ("hea", "global"), ("mine", "")])
    assert len(set(chosen)) == 4
    assert chosen[2] == LOOKS["hea"]["global"]
    assert looks([("mine", "")])[0] == chosen[3]  # whatever else is drawn


@pytest.mark.parametrize("seed", range(5))
def test_labels_are_spread_without_overlap_and_as_near_as_can_be(seed):
    rng = np.random.default_rng(seed)
    wanted, heights = rng.uniform(0.2, 0.8, 6), rng.uniform(0.03, 0.06, 6)
    places = spread(wanted, heights)
    order = np.argsort(wanted)
    gaps = np.diff(places[order]) - (heights[order][1:] + heights[order][:-1]) / 2
    assert (gaps > -1e-12).all()
    assert places.mean() == pytest.approx(wanted.mean())  # least squares keeps the mean
    np.testing.assert_allclose(spread(np.array([0.1, 0.9]), heights[:2]), [0.1, 0.9])


def test_powers_of_ten_are_words():
    assert power_of_ten(-60) == "10⁻⁶⁰"


# Machado, Oliveira and Fernandes, IEEE TVCG 15, 1291 (2009), severity 1.0, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear_rgb(colour):
    value = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def cie_lab(rgb):
    x, y, z = np.cbrt(np.maximum(TO_XYZ @ rgb / [0.9505, 1, 1.089], 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
def test_colours_differ_for_every_vision(palette, vision):
    colours = [linear_rgb(colour) for role, colour in palette.items() if role not in NEUTRALS]
    seen = [cie_lab(np.clip(np.array(VISION[vision]) @ rgb, 0, 1)) for rgb in colours]
    distances = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(distances) > 15  # 2.3 is just noticeable


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_everything_drawn_stands_out_from_the_surface(palette):
    luminance = {role: TO_XYZ[1] @ linear_rgb(colour) + 0.05 for role, colour in palette.items()}
    for role in palette:
        if role not in ("surface", "grid"):
            pair = sorted((luminance[role], luminance["surface"]))
            assert pair[1] / pair[0] >= 2.99  # WCAG 2.1, 1.4.11: graphics 3:1
