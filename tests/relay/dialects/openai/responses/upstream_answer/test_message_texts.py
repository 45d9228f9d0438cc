"""A message's texts, where a Responses server tells them in part, or in another place: each is told once."""

from tests.relay.dialects.openai.responses.upstream_answer.test_left_out import (
    ANNOUNCED,
    completed,
    delta,
    heard,
    message,
    part_added,
    text_done,
    texts,
    whole,
)
from tests.relay.dialects.openai.responses.upstream_answer.test_servers import COMPLETED, item, told


def test_a_whole_text_tells_the_rest_of_its_deltas() -> None:
    """Where it begins as they did; in other words it is the same text, and adds nothing."""
    table = [
        ("Hel", "Hello", "Hello"),
        ("Hello", "Hello", "Hello"),
        (" Hel", "Hello ", " Hello "),
        ("Hello", "Hel", "Hello"),
        ("Hel", "Good day", "Hel"),
        ("\n", "Hello", "\nHello"),
    ]
    part_done = part_added()[1]
    for said, full, expected in table:
        done = ("response.content_part.done", {**part_done, "part": {"type": "output_text", "text": full}})
        ended = message(full, id="m_1")
        for ends in (
            [text_done(full, item_id="m_1"), whole(0, ended)],
            [done, whole(0, ended)],
            [whole(0, ended)],
            [completed(ended)],
        ):
            last = [] if ends[-1][0] == "response.completed" else [COMPLETED]
            chunk = told(ANNOUNCED, part_added(), delta(said, item_id="m_1"), *ends, *last)
            assert "".join(texts(chunk)) == expected, (said, full, ends)
            assert heard(chunk) == expected, (said, full, ends)


def test_pieces_that_are_numbered_as_parts_have_no_rest() -> None:
    """The whole text begins as one of its pieces does, and was told all the same."""
    for pieces in ("Hi", "aa", "aaa"):
        for first in (0, 1):
            deltas = [delta(one, part=first + at, item_id="m_1") for at, one in enumerate(pieces)]
            for at in range(len(pieces)):
                done = text_done(pieces, part=first + at, item_id="m_1")
                ended = message(pieces, id="m_1")
                chunk = told(ANNOUNCED, *deltas, done, whole(0, ended), completed(ended))
                assert "".join(texts(chunk)) == pieces, (first, at)


def test_a_text_in_a_place_that_its_item_does_not_have_is_the_part_that_says_the_same() -> None:
    """Only where none does it is the first that was not told in its own."""
    table = [
        ([("B", 7)], ["A", "B"], ["B", "A"]),
        ([("A", 7)], ["A", "B"], ["A", "B"]),
        ([("B", 7), ("A", 8)], ["A", "B", "C"], ["B", "A", "C"]),
        ([("A", 7)], ["A", "A"], ["A", "A"]),
        ([("X", 7)], ["A", "B"], ["X", "B"]),
        ([("B", 7), ("A", 0)], ["A", "B"], ["B", "A"]),
    ]
    for said, parts, expected in table:
        ended = message(*parts, id="m_1")
        deltas = [delta(text, part=part, item_id="m_1") for text, part in said]
        chunk = told(ANNOUNCED, *deltas, whole(0, ended), completed(ended))
        assert texts(chunk) == expected, (said, parts)


def test_a_text_under_the_index_of_another_item_is_told_once() -> None:
    """Its id says whose it is: neither its ends nor its item tell it again; no other item is taken for it."""
    begun = item("message", done=False, index=1, id="m_1", content=[])
    deltas = [delta("Hel", item_id="m_1"), delta("lo", item_id="m_1")]
    parts = [[], [part_added()], [part_added(index=1)], [part_added(), part_added(index=1)]]
    part = {**part_added(index=1)[1], "item_id": "m_1", "part": {"type": "output_text", "text": "Hello"}}
    ends = [[], [text_done("Hello", index=1, item_id="m_1")], [("response.content_part.done", part)]]
    one, other = message("Hello", id="m_1"), message("Bye", id="m_2")
    for added in parts:
        placed = [(name, {**fields, "item_id": "m_1"}) for name, fields in added]
        for end in ends:
            for items in ([whole(1, one)], []):
                events = [begun, *placed, *deltas, *end, *items]
                assert "".join(texts(told(*events, completed(one)))) == "Hello", (added, end)
                assert texts(told(*events, completed(one, other)))[-1] == "Bye", (added, end)


def test_messages_of_one_id_are_all_told() -> None:
    """Some servers have but one id: an index of its own makes a message another."""
    one, other = message("A", id="m"), message("B", id="m")
    chunk = told(delta("A", item_id="m"), whole(0, one), whole(1, other), completed(one, other))
    assert texts(chunk) == ["A", "B"]
    assert texts(told(delta("A", item_id="m"), completed(one, other))) == ["A", "B"]
