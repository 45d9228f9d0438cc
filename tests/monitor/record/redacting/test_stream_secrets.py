"""A secret that a model streams over several events is masked as one that it writes in one piece."""

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.masking.known import known_secrets
from monitor.record.redacting import stream_secrets
from monitor.record.redacting.redaction import MASK, apply_edits, find_secrets
from monitor.record.redacting.stream_secrets import find_stream_secrets

SECRETS = {
    "key": "sk-ant-api03-Zq9-Planted-0123456789abcdef",
    "google": "AIzaSyPlanted0123456789abcdefghijklmnopq",
    "bearer": "Authorization: Bearer pLanted0123456789abcdef",
    "named": '{"api_key": "pl4nted-hunter2-hunter2"}',
    "query": "https://example.com/?key=pl4nted0123456789&x=1",
    "pem": "-----BEGIN PRIVATE KEY-----\nMIIplantedplantedplanted\nAAAAplanted\n-----END PRIVATE KEY-----\n",
}
PLANTED = ("Planted", "pLanted", "pl4nted", "planted", "hunter2", "0123456789")

Event = Callable[[str, int], dict[str, object]]
SHAPES: dict[str, Event] = {
    "anthropic text": lambda text, index: {
        "type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text},
    },
    "anthropic tool": lambda text, index: {
        "type": "content_block_delta", "index": index,
        "delta": {"type": "input_json_delta", "partial_json": text},
    },
    "anthropic thinking": lambda text, index: {
        "type": "content_block_delta", "index": index, "delta": {"type": "thinking_delta", "thinking": text},
    },
    "gemini": lambda text, index: {"candidates": [{"content": {"parts": [{"text": text}]}, "index": index}]},
    "gemini arguments": lambda text, index: {
        "candidates": [{"content": {"parts": [{"functionCall": {"partialArgs": [{"stringValue": text}]}}]}}],
    },
    "chat": lambda text, index: {"choices": [{"index": index, "delta": {"content": text}}]},
    "chat tool": lambda text, index: {
        "choices": [{"delta": {"tool_calls": [{"index": index, "function": {"arguments": text}}]}}],
    },
    "responses": lambda text, index: {
        "type": "response.output_text.delta", "output_index": index, "content_index": 0, "delta": text,
    },
}  # fmt: skip


def stream(event: Event, texts: list[str], *, ascii_only: bool = True) -> bytes:
    """An SSE stream whose events hold these pieces."""
    return b"".join(
        b"data: " + json.dumps(event(text, 0), ensure_ascii=ascii_only).encode() + b"\n\n" for text in texts
    )


def masked(data: bytes) -> bytes:
    return apply_edits(data, find_stream_secrets(data))


def events_of(data: bytes) -> list[object]:
    return [json.loads(line[6:]) for line in data.split(b"\n") if line]


def test_a_secret_cut_anywhere_is_masked(subtests: pytest.Subtests) -> None:
    """At every position, in every dialect's events: no part is left, and each event stays an event."""
    for shape in SHAPES:
        for secret in SECRETS:
            with subtests.test(f"{shape, secret!r:.120}"):
                text = f"The value is {SECRETS[secret]} as you asked."
                for cut in range(1, len(text)):
                    data = masked(stream(SHAPES[shape], [text[:cut], text[cut:]]))
                    assert not any(part.encode() in data for part in PLANTED), (cut, data)
                    assert MASK.encode() in data
                    assert len(events_of(data)) == 2


def test_a_secret_in_many_small_pieces_is_masked_once(subtests: pytest.Subtests) -> None:
    """Token by token: one mask stands for all of it, and the text around it stays."""
    for shape in SHAPES:
        for secret in SECRETS:
            for length in [1, 3, 7]:
                with subtests.test(f"{shape, secret, length!r:.120}"):
                    text = f"The value is {SECRETS[secret]} as you asked."
                    data = masked(
                        stream(SHAPES[shape], [text[at : at + length] for at in range(0, len(text), length)])
                    )
                    assert not any(part.encode() in data for part in PLANTED)
                    assert data.count(MASK.encode()) == 1
                    assert len(events_of(data)) == -(-len(text) // length)


def test_texts_that_run_at_the_same_time_are_told_apart() -> None:
    """Two tool calls whose pieces take turns: both secrets are found, in their own texts."""
    one, other = (
        "use sk-ant-api03-Zq9-Planted-0123456789abcdef",
        "use AIzaSyPlanted0123456789abcdefghijklmnopq",
    )
    event = SHAPES["chat tool"]
    lines = []
    for at in range(0, len(one), 6):
        for index, text in enumerate((one, other)):
            lines.append(b"data: " + json.dumps(event(text[at : at + 6], index)).encode() + b"\n\n")
    data = masked(b"".join(lines))
    assert data.count(MASK.encode()) == 2
    assert b"Planted" not in data
    assert b"456789" not in data


@given(st.lists(st.text(max_size=30), max_size=8), st.sampled_from(sorted(SHAPES)), st.booleans())
def test_what_holds_no_secret_is_left_as_it_is(texts: list[str], shape: str, ascii_only: bool) -> None:
    """Pieces of any text, with any escapes: no more is changed than a search of the whole would change."""
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    data = stream(SHAPES[shape], texts, ascii_only=ascii_only)
    if not find_secrets("".join(texts).encode()):
        assert masked(data) == data


def test_a_body_that_is_no_stream_is_masked_as_ever() -> None:
    """One piece, no piece, a JSON array, a cut event."""
    for data in (b"", b"sk-ant-api03-Zq9-Planted-0123456789abcdef", b'data: {"text": "abc', b'{"text": "a\\'):
        assert find_stream_secrets(data) == find_secrets(data)
    array = b'[{"text": "AIzaSyPlanted01234"}\n,\r\n{"text": "56789abcdefghijklmnopq"}]'
    assert masked(array) == b'[{"text": "AIza[masked]"}\n,\r\n{"text": ""}]'


@pytest.mark.parametrize("shape", SHAPES)
def test_a_known_secret_of_no_shape_is_masked_over_several_events(shape: str) -> None:
    """The account's own key, which only the exchange knows: at every cut, and in many small pieces."""
    key = "tenant-7/Qwerty+uiop"
    known = known_secrets((key,))
    text = f"Your key is {key}, is it not?"
    cuts = [[text[:cut], text[cut:]] for cut in range(1, len(text))]
    cuts += [[text[at : at + 3] for at in range(0, len(text), 3)]]
    for texts in cuts:
        data = stream(SHAPES[shape], texts)
        there = b"".join(piece.encode() for piece in texts)
        assert key.encode() in there
        masked_data = apply_edits(data, find_stream_secrets(data, known))
        assert masked_data.count(MASK.encode()) == 1
        assert b"erty" not in masked_data
        assert len(events_of(masked_data)) == len(texts)
    assert find_stream_secrets(stream(SHAPES[shape], ["nothing", " of it"]), known) == []


FRAGMENTS = [
    "sk-", "ant-api03-Zq9-Planted-0123456789abcdef", "AIza", "SyPlanted0123456789abcdefghijklmnopq",
    "Bearer ", "Basic ", "dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZDE", "key", "=", "%3D", "token",
    "?key=pl4nted0123456789", "1//0Planted0123456789abcdef", "GOCSPX-Planted0123456789abcd", "word",
    "ya29.Planted0123456789abcdefgh", '"api_key": "', '"', "\\", "task-", " ", "password", ": ", "\n",
    "-----BEGIN PRIVATE KEY-----\n", "MIIplanted", "sim-", "bench", "ab-", '"cd-ef', "c2ltLWJlbmNo",
]  # fmt: skip
PIECES = st.tuples(st.lists(st.sampled_from(FRAGMENTS), max_size=4), st.sampled_from([0, 0, 0, 1]))


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from(FRAGMENTS), max_size=4), st.sampled_from([0, 0, 0, 1])), max_size=8
    ),
    st.sampled_from(sorted(SHAPES)),
    st.sampled_from([(), ("sim-bench",), ('ab-"cd-ef',), ("tenant-7/Planted0123456789", "sim-bench")]),
)
def test_the_quick_look_never_overlooks_a_secret(
    texts: list[tuple[list[str], int]], shape: str, secrets: tuple[str, ...]
) -> None:
    """What it calls clean the closer look finds clean too, however the pieces are cut, in one text or two."""
    known = known_secrets(secrets)
    data = b"".join(
        b"data: " + json.dumps(SHAPES[shape]("".join(pieces), index)).encode() + b"\n\n"
        for pieces, index in texts
    )
    if stream_secrets._is_clean(data, known):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stream_secrets, "_is_clean", lambda *_: False)
            assert find_stream_secrets(data, known) == []


def test_a_short_part_of_a_known_secret_asks_for_no_closer_look() -> None:
    """A key of short words, one of which stands in every answer: the answers are clean at the first look."""
    known = known_secrets(("sim-bench",))
    data = stream(SHAPES["gemini"], ["asked of bench-n50", " by ", "a simulator"])
    assert stream_secrets._is_clean(data, known)
    assert not stream_secrets._is_clean(stream(SHAPES["gemini"], ["the key sim-", "bench"]), known)


def test_a_known_secret_may_reach_beyond_its_string() -> None:
    """One with a quote in it, where an upstream wrote it without an escape."""
    known = known_secrets(('ab-cd"},"ef-gh',))
    data = b'data: {"delta": {"text": "ab-cd"},"ef-gh": 1}\n\n'
    masked_data = apply_edits(data, find_stream_secrets(data, known))
    assert masked_data == b'data: {"delta": {"text": "[masked]": 1}\n\n'


TWICE: dict[str, Callable[[str], dict[str, object]]] = {
    "reasoning and its details": lambda text: {
        "reasoning": text,
        "reasoning_details": [{"type": "reasoning.text", "text": text, "index": 0}],
    },
    "reasoning under two names": lambda text: {"reasoning": text, "reasoning_content": text},
}


@pytest.mark.parametrize("form", TWICE)
@pytest.mark.parametrize("pieces", [("correct", "-horse", "-battery"), ("Zk9q7", "Rt2xW", "81mLp", "0vB3c")])
def test_a_text_that_is_told_twice_hides_no_secret(form: str, pieces: tuple[str, ...]) -> None:
    """Two texts that take turns are each looked through as a whole."""
    secret = "".join(pieces)
    told = ("say ", *pieces, " now")
    data = stream(lambda text, _: {"choices": [{"index": 0, "delta": TWICE[form](text)}]}, list(told))
    known = known_secrets((secret,))
    left = apply_edits(data, find_stream_secrets(data, known))
    for key in ("reasoning", "text", "reasoning_content"):
        texts = re.findall(rb'"%b": "([^"]*)' % key.encode(), left)
        assert secret.encode() not in b"".join(texts)
    assert MASK.encode() in left


def test_a_secret_whose_short_part_shows_beside_another_text() -> None:
    """It is whole only where each text is put together by itself."""
    events = [{"content": "say my-cdefg", "reasoning": "x"}, {"content": "-hij."}]
    data = b"".join(
        b"data: " + json.dumps({"choices": [{"delta": one}]}).encode() + b"\n\n" for one in events
    )
    left = apply_edits(data, find_stream_secrets(data, known_secrets(("my-cdefg-hij",))))
    assert b"cdefg" not in left
