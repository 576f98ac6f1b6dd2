"""The figure of machines shows the rows, with what is needed to judge them."""

import numpy as np
import pandas as pd
import pytest

from qnnbench.figures import LIGHT, NARROW, WIDE, render
from qnnbench.figures.hardware import DEVICE_LOOKS, drawable, hardware, headline
from tests.drawn_rows import lines, texts

QUBITS = {"Helios": 98, "H2-1": 56, "Torino": 133}


def cell(n_qubits, device, value, **other):
    return {
        "run_id": f"{device}-{n_qubits}",
        "status": "ok",
        "dataset": "ghz_dephased",
        "arm": "tree",
        "ansatz": "rg_tree",
        "metric": "accuracy",
        "repeat": 0,
        "backend": "error model",
        "device": device,
        "device_qubits": QUBITS[device],
        "noise_scale": 1.0,
        "n_qubits": n_qubits,
        "n_physical": 4 if n_qubits == 8 else 9,
        "n_shots": 50,
        "value": value,
        "lower": value - 0.1,
        "upper": min(value + 0.05, 1.0),
        "chance": 0.5,
        "noiseless": 0.99,
    } | other


@pytest.fixture
def rows():
    found = [cell(8, device, 0.9 + 0.03 * i) for i, device in enumerate(QUBITS)]
    found += [cell(100, device, 0.6 + 0.05 * i) for i, device in enumerate(QUBITS)]
    found += [cell(8, "Helios", 0.99, noise_scale=0.0), cell(64, "Helios", 0.7, status="skipped")]
    found += [cell(8, "Helios", 0.7, metric="one_shot_accuracy", noiseless=0.75)]
    return pd.DataFrame(found)


def bars(axes):
    return {bar.get_label(): bar.lines for bar in axes.containers}


def test_devices_are_drawn_with_their_intervals(rows):
    first, second = hardware(rows, WIDE).axes
    assert first.get_title(loc="left") == "tree, 50 shots"
    assert second.get_title(loc="left") == "tree, one shot"
    assert set(bars(first)) == set(QUBITS)
    for device, (line, _, (interval,)) in bars(first).items():
        own = drawable(rows)
        own = own[(own["device"] == device) & (own["metric"] == "accuracy")]
        np.testing.assert_array_equal(line.get_ydata(), own["value"])
        ends = np.array([segment[:, 1] for segment in interval.get_segments()])
        np.testing.assert_allclose(ends, own[["lower", "upper"]], rtol=1e-12)
        assert line.get_color() == DEVICE_LOOKS[device].colour
    for level, value in (("noiseless", 0.99), ("chance", 0.5)):
        np.testing.assert_array_equal(lines(first)[level].get_ydata(), [value, value])


def test_emulators_stand_apart_in_the_colours_of_their_machines(rows):
    emulated = cell(8, "Torino", 0.8, backend="emulator") | {"device": "ibm_torino"}
    figure = hardware(pd.concat([pd.DataFrame([emulated]), rows], ignore_index=True), WIDE)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["tree, 50 shots", "tree, one shot", "tree, 50 shots, emulator"]
    ((line, *_),) = bars(figure.axes[-1]).values()
    assert line.get_color() == DEVICE_LOOKS["Torino"].colour


def test_hollow_marks_are_networks_wider_than_the_device(rows):
    (first, _) = hardware(rows, WIDE).axes
    hollow = {k: v for k, v in lines(first).items() if str(k).endswith("has fewer qubits")}
    assert set(hollow) == {"Helios has fewer qubits", "H2-1 has fewer qubits"}
    for line in hollow.values():
        assert len(line.get_xdata()) == 1  # at 100, not at 8
        assert line.get_xdata()[0] > 90
        assert line.get_markerfacecolor() == LIGHT["surface"]


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_ticks_tell_the_physical_qubits(rows, layout):
    figure = hardware(rows, layout)
    render(figure, "svg")
    ticks = {label.get_text() for label in figure.axes[0].get_xticklabels()}
    assert ticks == {"8\non 4", "100\non 9"}
    for axes in figure.axes:
        box = axes.xaxis.label.get_window_extent()
        assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0


def test_of_repeats_the_median_is_drawn_and_larger_errors_apart(rows):
    values = [0.55, 0.95, 0.7]
    more = [cell(8, "Helios", v, arm="b", repeat=i) for i, v in enumerate(values)]
    more += [cell(8, "Helios", 0.52, arm="b", noise_scale=30.0)]
    once, thirty = hardware(pd.DataFrame(more), WIDE).axes
    np.testing.assert_array_equal(bars(once)["Helios"][0].get_ydata(), [0.7])
    assert thirty.get_title(loc="left") == "b, 50 shots, errors × 30"


def test_the_headline_names_the_best_device_first(rows):
    told = headline(drawable(rows))
    assert told.startswith("tree, 50 shots at 100 qubits, run on 9: 0.70 [0.60, 0.75] (Torino), ")
    assert told.endswith("0.60 [0.50, 0.65] (Helios); noiseless 0.99")


def test_a_device_of_ones_own_has_a_look(rows):
    own = rows.assign(device="Mine")
    figure = hardware(own.drop_duplicates(["n_qubits", "metric", "noise_scale"]), WIDE)
    assert "Mine" in texts(figure)


def test_no_rows_say_so(rows):
    assert "to draw" in texts(hardware(rows.iloc[:0], WIDE))
    assert drawable(rows.assign(status="skipped")).empty


def test_of_two_widths_side_by_side_one_is_labelled(rows):
    beside = pd.concat([rows, rows[rows["n_qubits"] == 100].assign(n_qubits=98)])
    axes = hardware(beside, WIDE).axes[0]
    axes.figure.draw_without_rendering()
    told = [label.get_text() for label in axes.get_xticklabels()]
    assert "100\non 9" in told
    assert not any(text.startswith("98") for text in told)
