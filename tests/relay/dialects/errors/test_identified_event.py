"""Upstream's own error event with our request id in it: only that event's data changes."""

import pytest

from relay.dialects.errors.identified_event import with_last_changed

BEFORE = b': ping\n\ndata: {"a": "\xc3\xa9"}\r\n\r\n'


@pytest.mark.parametrize(
    ("last", "changed"),
    [
        (b'event: error\ndata: {"b":1}\n\n', b'event: error\ndata: {"b":1,"c":2}\n\n'),
        (b'data: {"b": 1}\r\n\r\n', b'data: {"b":1,"c":2}\r\n\r\n'),
        (b'event: error\ndata: {"b":\ndata: 1}\n\n', b'event: error\ndata: {"b":1,"c":2}\n\n'),
        (b"data: [DONE]\n\n", b"data: [DONE]\n\n"),
        (b": a comment\n\n", b": a comment\n\n"),
    ],
)
def test_only_the_last_events_data_changes(last: bytes, changed: bytes) -> None:
    """What stands before it, its name and its line ends stay; what is no JSON object stays whole."""
    assert with_last_changed(BEFORE + last, lambda told: {**told, "c": 2}) == BEFORE + changed


def test_half_a_character_does_not_stop_it() -> None:
    """An error's text may end inside of a character."""
    told = with_last_changed(b'data: {"b":"\\ud83d"}\n\n', lambda told: {**told, "c": 2})
    assert told == 'data: {"b":"\ufffd","c":2}\n\n'.encode()
