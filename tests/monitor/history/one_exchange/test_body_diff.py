"""What the server changed in a body, line by line."""

from monitor.history.one_exchange.body_diff import body_diff
from tests.monitor.shelf import texts_of


def test_a_diff_shows_what_was_changed_and_gives_up_on_too_much() -> None:
    """Lines are compared as JSON is indented; a long text is compared and shown by its beginning."""
    lines = body_diff(b'{"a":1,"b":"' + b"x" * 9000 + b'"}', b'{"a":2,"b":"' + b"x" * 8999 + b'y"}')
    assert lines is not None
    assert [line.text[:10] for line in lines if line.kind == "add"] == ['+  "a": 2,', '+  "b": "x']
    assert all(len(line.text) < 500 for line in lines)
    assert body_diff(b'{"a": 1}', b'{"a":1}') == []
    assert body_diff(b"no json", b"{}") is None
    long = texts_of(list(range(10_000)))
    assert body_diff(long, long) is None
