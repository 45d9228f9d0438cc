"""The rest that a whole text tells behind its pieces."""

from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.openai.text_in_pieces import TextInPieces

_PIECES = st.lists(st.text("aA \n", max_size=3), max_size=6)


@given(pieces=_PIECES, wholes=st.lists(st.text("aA \n", max_size=8), max_size=4))
def test_it_does_not_matter_when_a_whole_text_is_looked_at(pieces: list[str], wholes: list[str]) -> None:
    """What was asked on the way changes no answer, and said and rest are the whole but for white space."""
    asked = TextInPieces()
    for number, piece in enumerate(pieces):
        asked.pieces.append(piece)
        for whole in wholes:
            fresh = TextInPieces()
            fresh.pieces = pieces[: number + 1]
            assert asked.rest_of(whole) == fresh.rest_of(whole)
            assert asked.rest_of_same(whole) == fresh.rest_of_same(whole)
            said, rest = "".join(fresh.pieces), asked.rest_of(whole)
            if rest is not None:
                assert "".join((said + rest).split()) == "".join(whole.split()) or not whole.split()


def test_a_text_that_is_too_short_to_be_the_whole_joins_nothing() -> None:
    """Short texts between the pieces cost what they are long, however much was said."""
    said = TextInPieces()
    said.pieces.append("A long beginning")
    assert said.rest_of("A long beginning") == ""
    said.pieces.append(" and more")
    assert said.rest_of("Short") is None
    assert len(said.pieces) == 2
