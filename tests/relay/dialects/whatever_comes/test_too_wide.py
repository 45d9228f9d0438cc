"""An answer of nothing but lists is broken, and is not built: everybody would wait for seconds."""

import pytest

from relay.dialects.interface import DecoderOptions, Dialect
from relay.dialects.registry import DIALECTS
from relay.neutral.events import Failed
from relay.neutral.failures import Kind
from relay.neutral.nesting import MOST_IN_A_DOCUMENT, MOST_IN_AN_EVENT, is_too_wide

EVENT, DOCUMENT = (b'{"a":[' + b"[]," * most + b"1]}" for most in (MOST_IN_AN_EVENT, MOST_IN_A_DOCUMENT))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.paths[0].path)
@pytest.mark.parametrize("body", [b"data: " + EVENT + b"\n\n", DOCUMENT], ids=["an event", "a document"])
def test_an_answer_of_lists_is_a_broken_one(dialect: Dialect, body: bytes) -> None:
    """As an event, and where it is no stream."""
    decoder = dialect.decoder(DecoderOptions("any", "seed"))
    events = [*decoder.feed(body).events, *decoder.finish().events]
    assert [event.failure.kind for event in events if isinstance(event, Failed)] == [Kind.GARBAGE]


@pytest.mark.parametrize("blank", [b"\n" * 32_768, b"\r\n" * 16_384, b" " * 32_768])
def test_a_flood_of_blanks_before_an_answer_is_not_kept(blank: bytes) -> None:
    """Twenty megabytes of them were ten million events in one go: ten seconds, and two gigabytes."""
    for dialect in DIALECTS:
        decoder = dialect.decoder(DecoderOptions("any", "seed"))
        for _ in range(100):
            decoder.feed(blank)
        chunk = decoder.feed(b"data: {}\n\n")
        assert len(chunk.raw) < 5 * len(blank)
        assert len(chunk.events) < 10


def test_what_people_write_is_not_too_wide() -> None:
    """A megabyte of program text, or a picture."""
    assert not is_too_wide(b'{"text":"' + b"if (a[0]) { return b; } " * 20_000 + b'"}')
    assert not is_too_wide(b"A" * 50_000_000)
    assert not is_too_wide(b"[" * MOST_IN_AN_EVENT + b" " * 100_000)
    assert is_too_wide(b" " * 100_000 + b"[{" * (MOST_IN_AN_EVENT // 2 + 1))
