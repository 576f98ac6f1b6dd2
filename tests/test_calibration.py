"""Reported errors of truncated values are calibrated: the cases of the figure, fewer seeds."""

import pandas as pd
import pytest

from benchmarks import calibration


@pytest.fixture(scope="module")
def rows():
    return pd.DataFrame(calibration.truncated_cases(range(2)))


def test_truncated_values_lie_within_three_times_their_error(rows):
    assert len(rows) >= 200
    assert calibration.covered(rows).mean() >= 0.95


@pytest.mark.parametrize("kind", ["law", "data", "ansatz"])
def test_no_kind_of_case_is_left_out(rows, kind):
    assert (rows.groupby(kind).apply(calibration.covered).groupby(kind).mean() >= 0.9).all()


def test_errors_are_not_bought_by_being_large(rows):
    ratio = (rows["deviation"] / rows["error"]).median()
    assert 0.1 < ratio < 3
