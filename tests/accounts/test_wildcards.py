"""An index of patterns remembers what a name was found to be, and no more than so many names."""

from accounts.wildcards import KEPT_CHARACTERS, KEPT_NAMES, WildcardIndex


def test_a_name_is_found_again_as_it_was() -> None:
    """Also one that fits nothing, and after more names than are kept."""
    index = WildcardIndex([("gpt-*", "gpt"), ("gpt-*-mini", "mini"), ("exact", "exact")])
    for _ in range(2):
        assert [index.find(name) for name in ("gpt-4-mini", "gpt-4", "exact", "other")] == [
            "mini", "gpt", "exact", None,
        ]  # fmt: skip
        for number in range(KEPT_NAMES + 1):
            assert index.find(f"gpt-{number}") == "gpt"


def test_only_so_many_names_are_kept() -> None:
    """They come from outside; and a very long one is not kept at all."""
    index = WildcardIndex([("a*", 1)])
    for number in range(10 * KEPT_NAMES):
        index.find(f"a{number}")
        index.find("a" * (KEPT_CHARACTERS + 1 + number % 10))
    assert len(index._found) <= KEPT_NAMES
    assert max(map(len, index._found)) <= KEPT_CHARACTERS
