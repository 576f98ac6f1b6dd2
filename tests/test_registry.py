import pytest

from qnnbench.registry import lookup

TABLE = {"brickwork": 1, "deep_brickwork": 2, "hea": 3}


def test_a_known_name_gives_its_entry():
    assert lookup(TABLE, "hea", "ansatz") == 3


def test_an_unknown_name_is_answered_with_near_misses_and_all_names():
    with pytest.raises(ValueError, match="No ansatz named 'brikwork'") as caught:
        lookup(TABLE, "brikwork", "ansatz")
    assert "Did you mean 'brickwork'" in str(caught.value)
    assert "Known: ['brickwork', 'deep_brickwork', 'hea']" in str(caught.value)


def test_nothing_is_suggested_where_nothing_is_near():
    with pytest.raises(ValueError, match="No ansatz named 'xyz'") as caught:
        lookup(TABLE, "xyz", "ansatz")
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize("name", [None, 3, 2.5])
def test_a_name_that_is_no_text_is_an_unknown_name(name):
    with pytest.raises(ValueError, match="Known"):
        lookup(TABLE, name, "ansatz")
