"""Figures of two copies, of preparation and of typical gradients show rows and known lines."""

import numpy as np
import pytest

from qnnbench.figures import FIGURES, WIDE
from qnnbench.figures.trainability import MEAN
from tests.drawn_rows import frame, lines, study_frames, texts

PAIRS, PREPARED = FIGURES["two_copies"], FIGURES["preparation"]
QUANTILES = FIGURES["gradient_quantiles"]


def heights(line):
    """Return what is drawn; error bars keep it as objects."""
    return np.asarray(line.get_ydata(), float)


def pair_row(arm, value, repeat=0, n_qubits=8, n_copies=2, metric="accuracy", **other):
    known = {"dataset": "lu_orbit", "task": "two_copy_classification", "chance": 0.5}
    own = {"arm": arm, "value": value, "repeat": repeat, "n_qubits": n_qubits}
    sort = {"metric": metric, "n_copies": n_copies, "status": "ok"}
    return known | own | sort | other


def pair_rows():
    rows = []
    for n_qubits, bound in ((8, 0.54), (100, 0.5)):
        for repeat, value in enumerate((0.61, 0.63, 0.62)):
            own = {"n_qubits": n_qubits, "repeat": repeat}
            joint = {"ansatz": "pair_block", "ceiling": 0.625, **own}
            rows.append(pair_row("pairs", value, **joint))
            rows.append(pair_row("pairs", value + 0.3, **joint | {"ceiling": 1.0}, n_copies=32))
            rows.append(pair_row("xor", value - 0.12, ceiling=bound, **own))
            rows.append(pair_row("ppt_bound", bound, metric="best_accuracy", **own))
    return frame("scores", rows)


def test_two_copies_stand_between_their_optimum_and_what_no_gate_can_pass():
    one_pair, copies = PAIRS.draw(pair_rows(), WIDE).axes
    drawn = lines(one_pair)
    np.testing.assert_allclose(drawn["optimum"].get_ydata(), 0.625)
    np.testing.assert_allclose(
        drawn["bound without a gate between copies"].get_ydata()[1:3], [0.54, 0.5]
    )
    np.testing.assert_allclose(drawn["chance"].get_ydata(), 0.5)
    bars = {bar.get_label(): bar.lines for bar in one_pair.containers}
    np.testing.assert_allclose(heights(bars["pairs"][0]), [0.62, 0.62])
    low, high = bars["pairs"][2][0].get_segments()[0][:, 1]
    assert (low, high) == pytest.approx((0.61, 0.62))  # down to the minimum
    np.testing.assert_allclose(
        np.sort(drawn["pairs repeats"].get_ydata())[::2], [0.61, 0.62, 0.63]
    )
    np.testing.assert_allclose(heights(bars["xor"][0]), [0.5, 0.5])
    assert copies.get_title(loc="left") == "lu_orbit, 100 qubits each"
    bars = {bar.get_label(): bar.lines for bar in copies.containers}
    np.testing.assert_allclose(heights(bars["pairs"][0]), [0.62, 0.92])
    np.testing.assert_allclose(lines(copies)["optimum"].get_ydata()[1:3], [0.625, 1.0])


def test_one_number_of_copies_has_one_panel_and_no_bound_no_line():
    rows = pair_rows()
    rows = rows[(rows["n_copies"] == 2) & (rows["arm"] != "ppt_bound")]
    (axes,) = PAIRS.draw(rows, WIDE).axes
    assert not any("bound" in name for name in lines(axes))
    assert "bound" not in texts(axes.figure)


def test_the_headline_of_two_copies_has_median_minimum_and_both_bounds():
    told = PAIRS.headline(PAIRS.select(pair_rows()))
    assert "of 100 qubits each: 0.620 (minimum 0.610, pairs), 0.500 (minimum 0.490, xor)" in told
    assert told.endswith("optimum 0.625, bound without a gate between copies 0.500")


def test_a_bound_alone_is_no_figure():
    rows = pair_rows()
    assert PAIRS.select(rows[rows["arm"] == "ppt_bound"]).empty


def prepared(n_layers, values, **other):
    cell = {"dataset": "ghz", "task": "preparation", "n_qubits": 16, "ansatz": "brickwork"}
    score = {"metric": "fidelity", "untrained_value": 0.01, "chance": 0.5, "status": "ok"}
    own = {"arm": f"layers_{n_layers}", "n_layers": n_layers, "ceiling": n_layers / 8}
    return [
        cell | score | own | {"repeat": i, "value": value} | other
        for i, value in enumerate(values)
    ]


def test_fidelities_stand_over_depth_between_product_states_and_schmidt_ranks():
    rows = frame("scores", prepared(4, [0.3, 0.5, 0.4]) + prepared(8, [0.9, 0.7, 0.8]))
    (axes,) = PREPARED.draw(rows, WIDE).axes
    (bar,) = axes.containers
    assert bar.get_label() == "brickwork"
    np.testing.assert_array_equal(bar.lines[0].get_xdata(), [4, 8])
    np.testing.assert_array_equal(bar.lines[0].get_ydata(), [0.4, 0.8])
    ends = np.array([segment[:, 1] for segment in bar.lines[2][0].get_segments()])
    np.testing.assert_allclose(ends, [[0.3, 0.5], [0.7, 0.9]])
    drawn = lines(axes)
    np.testing.assert_array_equal(drawn["best product state"].get_ydata(), [0.5, 0.5])
    np.testing.assert_array_equal(drawn["bound by Schmidt ranks"].get_ydata(), [0.5, 1.0])
    np.testing.assert_array_equal(drawn["brickwork untrained"].get_ydata(), [0.01, 0.01])
    assert "ghz (16 qubits) to 0.800 by 8 layers of brickwork" in PREPARED.headline(
        PREPARED.select(rows)
    )


def test_two_losses_of_one_network_are_two_curves():
    rows = prepared(4, [0.3], loss_name="local") + prepared(4, [0.1], loss_name="global")
    (axes,) = PREPARED.draw(frame("scores", rows), WIDE).axes
    assert {bar.get_label() for bar in axes.containers} == {"brickwork local", "brickwork global"}


def test_what_is_prepared_is_not_compressed():
    rows = study_frames()["scores"]
    assert set(PREPARED.select(rows)["task"]) == {"preparation"}
    assert set(FIGURES["compression"].select(rows)["task"]) == {"compression"}


def sampled(n_qubits, mean, median, low, high, **other):
    known = {"ansatz": "tree", "observable": "z_root", "sharing": "none", "tied": False}
    own = {"n_qubits": n_qubits, MEAN: mean, "angles": "uniform", "method": "monte-carlo"}
    sizes = {"gradient_size_median": median, "gradient_size_q05": low, "gradient_size_q95": high}
    return {"status": "ok", "curve": "c", "n_samples": 200} | known | own | sizes | other


def test_a_typical_gradient_stands_beside_the_root_of_its_variance():
    rows = frame(
        "trainability", [sampled(4, -2, 0.05, 0.01, 0.2), sampled(8, -4, 1e-4, 1e-5, 0.1)]
    )
    (axes,) = QUANTILES.draw(rows, WIDE).axes
    drawn = lines(axes)
    np.testing.assert_allclose(drawn["root mean square"].get_ydata(), [-1, -2])
    np.testing.assert_allclose(drawn["median"].get_ydata(), np.log10([0.05, 1e-4]))
    band = axes.collections[0]
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((-5, np.log10(0.2)))
    told = QUANTILES.headline(QUANTILES.select(rows))
    assert "At 8 qubits the median |∂C/∂θ| of tree z_root none is 10^-4.0" in told
    assert told.endswith("its root mean square 10^-2.0")


def test_the_root_mean_square_has_the_interval_of_its_variance():
    ends = {f"{MEAN}_lower": -2.5, f"{MEAN}_upper": -1.8}
    rows = frame("trainability", [sampled(4, -2, 0.05, 0.01, 0.2, **ends)])
    (axes,) = QUANTILES.draw(rows, WIDE).axes
    (bars,) = axes.containers
    (segment,) = bars.lines[2][0].get_segments()
    np.testing.assert_allclose(segment[:, 1], [-1.25, -0.9])  # half: of a square root


def test_networks_of_one_name_are_told_apart_by_what_differs():
    own = [sampled(4, -2, 0.05, 0.01, 0.2), sampled(4, -3, 0.05, 0.01, 0.2, angles="small")]
    figure = QUANTILES.draw(frame("trainability", own), WIDE)
    titles = {axes.get_title(loc="left") for axes in figure.axes}
    assert titles == {"tree z_root none, uniform", "tree z_root none, small"}


def test_gradients_that_are_rounding_lie_on_the_lower_edge():
    rows = frame("trainability", [sampled(4, -2, 0.05, 3e-18, 0.2), sampled(8, -2, 1e-17, 0, 0.2)])
    (axes,) = QUANTILES.draw(rows, WIDE).axes
    low = axes.get_ylim()[0]
    assert lines(axes)["median"].get_ydata()[1] == low
    assert axes.collections[0].get_paths()[0].vertices[:, 1].min() == low
    assert low > -5  # the panel shows what is there


def test_variances_without_samples_have_no_typical_gradient():
    exact = sampled(4, -2, None, None, None, method="exact", n_samples=0)
    assert QUANTILES.select(frame("trainability", [exact])).empty
    contrast = sampled(4, -2, 0.1, 0.01, 0.2, contrast="ghz_dephased")
    assert QUANTILES.select(frame("trainability", [contrast])).empty
