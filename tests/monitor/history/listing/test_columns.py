"""The history's columns: hidden, and sorted by."""

from monitor.history.listing.columns import COLUMNS, SORTED, heads, hidden_columns
from monitor.history.listing.keyset import REQUEST_COLUMNS
from monitor.history.listing.sorting import is_order


def test_a_cookie_names_what_is_hidden() -> None:
    """What is no column is left out; without a cookie the extra ones are hidden, with an empty one none."""
    assert hidden_columns(None) == ["ended", "size"]
    assert hidden_columns("") == []
    assert hidden_columns("cost.<script>.account") == ["account", "cost"]


def test_a_click_sorts_falling_then_rising_then_not() -> None:
    """Each line of a head is sorted by for itself, and says how it is."""
    for sort, now, following in (
        ("", "", "-cost"),
        ("-cost", "descending", "cost"),
        ("cost", "ascending", ""),
        ("attempts", "", "-cost"),
    ):
        column = next(head for head in heads(sort, ()) if head["name"] == "cost")
        assert (column["parts"][0]["sorted"], column["parts"][0]["following"]) == (now, following)
    assert next(head for head in heads("attempts", ()) if head["name"] == "cost")["sorted"] == "ascending"


def test_every_order_is_one_of_the_rows() -> None:
    """What a column sorts by is a field of the record."""
    assert set(SORTED.values()) <= set(REQUEST_COLUMNS)
    assert is_order("-duration")
    assert not is_order("account")
    assert not is_order("--duration")
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)
