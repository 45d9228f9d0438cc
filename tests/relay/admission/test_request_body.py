"""Request bodies: content encodings, limits, JSON."""

import gzip
import json
import zlib

import pytest
import zstandard

from relay.admission.request_body import BodyTooLarge, ReadBody, decoded, parsed
from relay.neutral.conversation import Json
from relay.neutral.failures import BadRequest
from relay.neutral.nesting import MOST_CONTAINERS

TEXT = b'{"model": "m", "text": "' + b"x" * 5000 + b'"}'
ENCODINGS = {
    "": lambda raw: raw,
    "identity": lambda raw: raw,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_compressed_bodies_are_taken(encoding: str) -> None:
    """gzip, deflate and zstd request bodies arrive as what they were."""
    assert decoded(ENCODINGS[encoding](TEXT), encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_limit_counts_decoded_bytes(encoding: str) -> None:
    """A small body that unpacks to a large one is refused."""
    with pytest.raises(BodyTooLarge):
        decoded(ENCODINGS[encoding](TEXT), encoding, len(TEXT) - 1)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "br"])
def test_what_cannot_be_decoded_is_the_clients_fault(encoding: str) -> None:
    """A body that is not what its header says gets a clear refusal."""
    with pytest.raises(BadRequest, match="Content-Encoding"):
        decoded(b"\x00 not compressed", encoding, 100)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_cut_off_body_is_refused(encoding: str) -> None:
    """Half a compressed body is not taken for a whole one."""
    with pytest.raises(BadRequest):
        decoded(ENCODINGS[encoding](TEXT)[:-8], encoding, len(TEXT))


def test_what_is_no_json_object_is_refused_in_words() -> None:
    """Invalid JSON and wrong types are a clear error, whichever release of the parser is installed."""
    for raw, said in [
        (b"", "The body is not valid JSON: "),
        (b"{", "The body is not valid JSON: "),
        (b'{"a": \xff}', "The body is not valid JSON: it is not UTF-8."),
        (b'{"a": "\xff"}', "The body is not valid JSON: it is not UTF-8."),
        (b"[" * 100_000, "The body is not valid JSON: it is nested too deeply."),
        (b"[1]", "The body must be a JSON object."),
        (b'"text"', "The body must be a JSON object."),
    ]:
        with pytest.raises(BadRequest) as refused:
            parsed(raw)
        assert str(refused.value).startswith(said), raw[:20]


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (rb'{"a": "x\ud83d"}', {"a": "x\ufffd"}),
        (rb'{"a": "\ude00x"}', {"a": "\ufffdx"}),
        (rb'{"a": "\ude00\ud83d"}', {"a": "\ufffd\ufffd"}),
        (b'{"a": "x\xed\xa0\xbd"}', {"a": "x\ufffd"}),
        (rb'{"\uD83D": {"b": ["\uDE00", "\ud83d\ude00"]}}', {"\ufffd": {"b": ["\ufffd", "😀"]}}),
        (b'{"a": "\xed\xa0\xbd\xed\xb8\x80 \\ud83d"}', {"a": "😀 \ufffd"}),
    ],
)
def test_half_a_character_becomes_the_sign_for_what_cannot_be_shown(raw: bytes, body: Json) -> None:
    """In a text or a key, escaped or in UTF-8's form: JSON allows it, UTF-8 does not; whole ones stay."""
    read = parsed(raw)
    assert read.body == json.loads(read.raw) == body
    assert read.mended


@pytest.mark.parametrize(
    "raw",
    [
        rb'{"a": "\ud83d", "b": NaN}',
        rb'{"a": "\ud83d", "b": 1e999}',
        b'{"a": "\\ud83d", "b": "\xff"}',
        rb'{"a": "\ud83d"',
        rb'{"a": "\ud8"}',
    ],
)
def test_half_a_character_excuses_nothing_else(raw: bytes) -> None:
    """What is no JSON beside it is refused as ever."""
    with pytest.raises(BadRequest, match="not valid JSON"):
        parsed(raw)


def test_what_is_whole_stays_the_very_same() -> None:
    """Then the client's own bytes travel, escapes and all."""
    raw = rb'{"a": "\ud83d\ude00", "b": "\\ud83d", "c": 1.0}'
    assert parsed(raw) == ReadBody(json.loads(raw), raw)


@pytest.mark.thorough
def test_a_body_of_lists_alone_is_refused() -> None:
    """Nobody's request has so many; to build them takes twenty times their size, and everybody waits."""
    with pytest.raises(BadRequest, match="lists and objects"):
        parsed(b'{"model":"m","a":[' + b"[]," * MOST_CONTAINERS + b"1]}")


def test_a_key_with_rules_says_everything_once() -> None:
    """What the rules read is what upstream reads, whichever of two equal names its reader takes."""
    raw = b'{"model":"dear","stream" : true,"model":"cheap","x":{"a":1,"a":2}, "mod\\u0065l":"last"}'
    assert parsed(raw).raw is raw
    read = parsed(raw, has_rules=True)
    assert read.raw == b'{"model":"last","stream":true,"x":{"a":2}}'
    assert json.loads(read.raw) == read.body


@pytest.mark.parametrize("name", ["Model", "MODEL", "mOdel"])
def test_a_key_with_rules_names_its_model_in_one_spelling(name: str) -> None:
    """Some servers find a field whatever the case of its letters."""
    raw = json.dumps({"model": "cheap", name: "dear"}).encode()
    assert parsed(raw).body[name] == "dear"
    with pytest.raises(BadRequest, match=f"'{name}'"):
        parsed(raw, has_rules=True)
