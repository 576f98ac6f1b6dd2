"""The figure of training by shots draws what was measured beside what is exact."""

import numpy as np
import pandas as pd
import pytest

from qnnbench.figures import FIGURES, WIDE
from qnnbench.figures.device_training import START_LOOKS, followed
from qnnbench.report.machines import device_training as run_table
from tests.drawn_rows import frame, texts

FIGURE = FIGURES["device_training"]
EXACT = {"cold": [0.1, 0.0, -0.2], "trained": [-1.5, -1.4, -1.3]}


def run(start, repeat, **other):
    """Return three steps of a run, of which the middle one was not measured."""
    cell = {"status": "ok", "dataset": "d", "arm": "tree", "n_qubits": 8, "optimiser": "spsa"}
    cell |= {"learning_rate": 0.03, "device": "Torino", "noise_scale": 1.0}
    rows = []
    for step, exact in enumerate(EXACT[start]):
        loss = exact + 0.1 * (1 + repeat)
        told = {"loss": loss, "lower": loss - 0.05, "upper": loss + 0.06} if step != 1 else {}
        place = {"start": start, "repeat": repeat, "step": step, "n_shots": 100 * step + 50}
        rows.append(cell | place | told | {"exact_loss": exact - repeat / 10} | other)
    return rows


def rows_of(*runs):
    return frame("device_steps", [row for run in runs for row in run])


@pytest.fixture
def rows():
    return rows_of(*(run(start, repeat) for start in EXACT for repeat in range(3)))


def test_markers_are_the_median_repeat_with_its_own_interval(rows):
    (axes,) = FIGURE.draw(rows, WIDE).axes
    assert {bar.get_label() for bar in axes.containers} == set(EXACT)
    for marks, _, (interval,) in axes.containers:
        exact = EXACT[next(s for s in EXACT if START_LOOKS[s].colour == marks.get_color())]
        losses = np.array([exact[0], exact[2]]) + 0.2  # of repeat 1, step 1 was not measured
        np.testing.assert_allclose(marks.get_ydata().astype(float), losses)
        np.testing.assert_allclose(marks.get_xdata().astype(float), [50, 250])
        ends = np.array([segment[:, 1] for segment in interval.get_segments()])
        np.testing.assert_allclose(ends, np.transpose([losses - 0.05, losses + 0.06]))


def test_lines_are_the_exact_loss_of_every_repeat_at_every_step(rows):
    (axes,) = FIGURE.draw(rows, WIDE).axes
    for start, exact in EXACT.items():
        drawn = [line for line in axes.get_lines() if line.get_label() == f"{start} exact"]
        found = sorted(tuple(line.get_ydata()) for line in drawn)
        assert found == sorted(tuple(np.array(exact) - r / 10) for r in range(3))
        assert all(list(line.get_xdata()) == [50, 150, 250] for line in drawn)


def test_devices_and_optimisers_have_panels_of_their_own():
    other = [run("cold", 0, device="Helios"), run("cold", 0, optimiser="parameter_shift")]
    figure = FIGURE.draw(rows_of(run("cold", 0, noise_scale=0.0), *other), WIDE)
    titles = {axes.get_title(loc="left") for axes in figure.axes}
    assert titles == {
        "tree, 8 qubits, SPSA, Torino, errors × 0",
        "tree, 8 qubits, SPSA, Helios",
        "tree, 8 qubits, shifts, Torino",
    }


def test_the_headline_tells_how_far_each_start_came(rows):
    told = FIGURE.headline(followed(rows))
    assert told.startswith("tree, 8 qubits, SPSA, Torino: 250 shots take the contrast ")
    assert "from 0.00 to -0.30 (cold), from -1.60 to -1.40 (trained)" in told


def test_the_headline_is_of_the_panel_with_most_starts():
    shifts = run("cold", 0, optimiser="parameter_shift")
    told = FIGURE.headline(followed(rows_of(shifts, run("cold", 0), run("trained", 0))))
    assert told.startswith("tree, 8 qubits, SPSA, Torino: ")


def test_a_start_of_ones_own_strength_is_named():
    perturbed = [row | {"start": "perturbed(0.3)"} for row in run("cold", 0)]
    assert "perturbed(0.3)" in texts(FIGURE.draw(rows_of(perturbed), WIDE))


def test_the_table_has_a_line_for_each_run(rows):
    skipped = pd.DataFrame([{"status": "skipped", "arm": "tree", "start": "cold"}])
    table = run_table(rows_of(run("cold", 0), run("cold", 1), skipped.to_dict("records")))
    assert len(table.rows) == 3
    column = dict(zip(table.columns, zip(*table.rows, strict=True), strict=True))
    assert [cell.text for cell in column["exact loss before"]][:2] == ["0.100", "0"]
    assert [cell.text for cell in column["after"]][:2] == ["−0.200", "−0.300"]
    assert "skipped" in [cell.text for cell in column["status"]]
