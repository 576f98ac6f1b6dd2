"""Colours can be told apart by everybody; curves have looks and labels of their own."""

import numpy as np
import pytest

from qnnbench.figures import DARK, LIGHT
from qnnbench.figures.panels import spread
from qnnbench.figures.style import LOOKS, NEUTRALS, looks, power_of_ten


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
