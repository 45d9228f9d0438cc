"""An answer of nothing but lists is broken, and is not built: everybody would wait for seconds."""

import pytest

from relay.dialects.interface import DecoderOptions, Dialect
from relay.dialects.openai import OPENAI_RESPONSES
from relay.dialects.registry import DIALECTS
from relay.neutral.events import Failed
from relay.neutral.failures import Kind
from relay.neutral.nesting import MOST_CONTAINERS, is_too_wide
from tests.relay.dialects.openai.streams import decoded, responses, state_of

LISTS = b'{"a":[' + b"[]," * MOST_CONTAINERS + b"1]}"


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.paths[0].path)
@pytest.mark.parametrize("body", [b"data: " + LISTS + b"\n\n", LISTS], ids=["an event", "a document"])
def test_an_answer_of_lists_is_a_broken_one(dialect: Dialect, body: bytes) -> None:
    """As an event, and where it is no stream; the row says what is wrong with it."""
    decoder = dialect.decoder(DecoderOptions("any", "seed"))
    events = [*decoder.feed(body).events, *decoder.finish().events]
    [failure] = [event.failure for event in events if isinstance(event, Failed)]
    words = f"upstream sent JSON of more than {MOST_CONTAINERS} lists and objects"
    assert (failure.kind, failure.message) == (Kind.GARBAGE, words)


@pytest.mark.thorough
def test_the_logprobs_of_a_whole_text_are_not_too_wide() -> None:
    """Responses tells them in one event where a part ends: 43 lists and objects a token, with 20 others."""
    likely = {"token": "ab", "logprob": -1.25, "bytes": [97, 98]}
    logprobs = [{**likely, "top_logprobs": [likely] * 20}] * 1_300
    part = {"type": "output_text", "text": "ab" * 1_300, "annotations": [], "logprobs": logprobs}
    at = {"item_id": "m", "output_index": 0, "content_index": 0}
    item = {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    stream = responses(
        ("response.created", {"response": {"id": "r", "model": "m", "status": "in_progress", "output": []}}),
        ("response.output_item.added", {"output_index": 0, "item": {**item, "content": []}}),
        ("response.content_part.added", {**at, "part": {**part, "text": "", "logprobs": []}}),
        ("response.output_text.delta", {**at, "delta": part["text"], "logprobs": logprobs}),
        ("response.content_part.done", {**at, "part": part}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
        (
            "response.completed",
            {"response": {"id": "r", "model": "m", "status": "completed", "output": [item]}},
        ),
    )
    state = state_of(decoded(OPENAI_RESPONSES, [stream]).events)
    assert (state.failure, state.terminal, state.text) == (None, True, part["text"])


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
    assert not is_too_wide(b"[" * MOST_CONTAINERS + b" " * 100_000)
    assert is_too_wide(b" " * 100_000 + b"[{" * (MOST_CONTAINERS // 2 + 1))
