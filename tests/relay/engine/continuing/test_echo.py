"""Behaviour 7: echoed words are left out, the longest overlap, and no character is lost or doubled."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.engine.continuing.echo import Echo, _echoes


def joined(said: str, *pieces: str, unseen: int = 0) -> str:
    """The whole text, as the client has it."""
    echo = Echo(said, unseen)
    return said + "".join(map(echo.take, pieces)) + echo.finish()


def test_what_is_an_echo(subtests: pytest.Subtests) -> None:
    """An echo has to be telling; where nothing can be said for sure every character is kept."""
    for said, goes_on, whole in [
        # no echo
        ("It was brown", " fox", "It was brown fox"),
        ("It was brown ", "fox", "It was brown fox"),
        ("It was bro", "wn fox", "It was brown fox"),
        ("", "Hello", "Hello"),
        ("Hello", "", "Hello"),
        ("日本", "語", "日本語"),
        # echoed words
        ("It was brown", "brown fox", "It was brown fox"),
        ("It was brown ", "brown fox", "It was brown fox"),
        ("It was brown\n\n", "was brown\n\nfox", "It was brown\n\nfox"),
        ("It was brow", "brown fox", "It was brown fox"),
        ("It was br", "brown fox", "It was brown fox"),
        ("foo ñ ", "ñ bar", "foo ñ bar"),
        ("今日は良い天気", "は良い天気です", "今日は良い天気です"),
        # all of it again
        ("It was brown ", "It was brown fox", "It was brown fox"),
        ("It was brown.", "It was brown.", "It was brown."),
        # from the middle of a word, but long
        ("The characterisation of it", "racterisation of it all", "The characterisation of it all"),
        # nothing that tells: a text may go on like that by itself
        ("bana", "na", "banana"),
        ("an a", "ardvark", "an aardvark"),
        ("谢", "谢", "谢谢"),
        ("量がます", "ます増える", "量がますます増える"),
        ("我们研究", "研究吧", "我们研究研究吧"),
        ("ひとり", "ひとりに", "ひとりひとりに"),
        ("1", "100", "1100"),
        ("a[i]", "]", "a[i]]"),
        ("----", "----|", "--------|"),
        ("said that", " that man", "said that that man"),
        # what the text repeats itself
        ("ha ha ", "ha!", "ha ha ha!"),
        ("| --- | --- ", "| --- |", "| --- | --- | --- |"),
        ("    }\n    }\n", "    }\n}", "    }\n    }\n    }\n}"),
        ("very good, very good, ", "very good, yes", "very good, very good, very good, yes"),
    ]:
        with subtests.test(f"{said, goes_on, whole!r:.120}"):
            assert joined(said, goes_on) == whole
            assert joined(said, *goes_on) == whole


@pytest.mark.parametrize(
    ("said", "unseen", "goes_on", "whole"),
    [
        ("foo ", 1, " bar", "foo bar"),
        ("foo ", 1, "bar", "foo bar"),
        ("foo\n\n", 2, "\n\nbar", "foo\n\nbar"),
        ("foo\n\n", 2, "\nbar", "foo\n\nbar"),
        ("foo\n", 1, "\n\nbar", "foo\n\nbar"),
        ("foo ", 1, "\nbar", "foo \nbar"),
        ("foo bar ", 1, "bar baz", "foo bar baz"),
        ("foo bar ", 1, "bar\n\nbaz", "foo bar \n\nbaz"),
        ("foo bar\n\n", 2, "bar\nbaz", "foo bar\n\nbaz"),
        ("foo bar.\n\n", 2, "foo bar. Baz", "foo bar.\n\n Baz"),
        ("foo ", 1, " ", "foo "),
    ],
)
def test_white_space_that_the_model_was_not_shown(said: str, unseen: int, goes_on: str, whole: str) -> None:
    """It says that in its own way; what is the same was told already."""
    assert joined(said, goes_on, unseen=unseen) == whole
    assert joined(said, *goes_on, unseen=unseen) == whole


@st.composite
def numbered(draw: st.DrawFn) -> str:
    """A text whose words are all different, with white space of every kind or none between sentences."""
    words = draw(
        st.lists(st.sampled_from(["naïve", "日本語", "🙂", "mañana", "river", "x"]), min_size=2, max_size=30)
    )
    spaces = draw(
        st.lists(st.sampled_from([" ", "\n", "\n\n", "  "]), min_size=len(words), max_size=len(words))
    )
    return "".join(f"word{n}{word}{space}" for n, (word, space) in enumerate(zip(words, spaces, strict=True)))


def pieces_of(draw: st.DrawFn, text: str) -> list[str]:
    """The text in pieces."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@given(st.data())
def test_any_cut_any_echo_any_pieces(data: st.DataObject) -> None:
    """Cut anywhere, after any number of echoed words, in whatever pieces: no character is lost or doubled."""
    whole = data.draw(numbered())
    cut = data.draw(st.integers(1, len(whole)))
    said = whole[:cut]
    beginnings = [match.start() for match in re.finditer(r"\S+", said)]
    # One letter of a word tells nothing; more of it, or of the text before it, does.
    telling = [at for at in beginnings if len(said[at:]) >= 2]
    at = data.draw(st.sampled_from([cut, *telling]))
    goes_on = whole[at:]
    assert joined(said, *pieces_of(data.draw, goes_on)) == whole  # type: ignore[arg-type]


@given(st.text("ab \n1日", max_size=30), st.text("ab \n1日", max_size=30), st.integers(0, 3), st.data())
def test_only_an_exact_echo_is_ever_left_out(
    said: str, goes_on: str, unseen: int, data: st.DataObject
) -> None:
    """Whatever the texts: what is left out was told already, and the pieces it came in change nothing."""
    unseen = min(unseen, len(said) - len(said.rstrip()))
    whole = joined(said, goes_on, unseen=unseen)
    assert joined(said, *pieces_of(data.draw, goes_on), unseen=unseen) == whole  # type: ignore[arg-type]
    new = whole[len(said) :]
    assert goes_on.endswith(new)
    left_out = goes_on[: len(goes_on) - len(new)]
    space = left_out[len(left_out.rstrip()) :]
    shown = said[: len(said) - unseen] + space
    assert said.endswith(left_out) or (shown.endswith(left_out) and said[-unseen:].startswith(space))


@given(st.text("ab ", max_size=40), st.text("ab ", max_size=40))
def test_the_overlap_is_found_as_by_looking_at_every_length(said: str, goes_on: str) -> None:
    """The failure function gives what a plain search gives."""
    lengths = [n for n in range(min(len(said), len(goes_on)), 0, -1) if said.endswith(goes_on[:n])]
    assert [length for length, _ in _echoes(said, goes_on)] == lengths
    for length, unit in _echoes(said, goes_on):
        echo = said[len(said) - length :]
        assert unit == next(n for n in range(1, length + 1) if echo[n:] == echo[: length - n])


def test_a_long_text_that_repeats_itself_costs_no_time() -> None:
    """Linear in the text, whatever it is."""
    said = "a" * 200_000
    assert joined(said, *["a" * 100] * 100, "b") == said + "a" * 10_000 + "b"
