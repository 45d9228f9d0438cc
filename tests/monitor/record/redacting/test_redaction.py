"""Secrets are masked wherever they stand, and nothing else is touched."""

import base64
import json
import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.record.redacting.header_redaction import mask_headers
from monitor.record.redacting.redaction import (
    MASK,
    apply_edits,
    find_secrets,
    mask_body,
    mask_email,
    mask_path,
    mask_text,
    moved_positions,
)

PEM = "-----BEGIN {0}PRIVATE KEY-----\n{1}\n-----END {0}PRIVATE KEY-----\n"


def token(min_size: int, max_size: int = 80) -> st.SearchStrategy[str]:
    """The random part of a credential: url-safe base64 of fresh bytes, cut to a length."""
    return st.tuples(st.randoms(use_true_random=False), st.integers(min_size, max_size)).map(
        lambda drawn: base64.urlsafe_b64encode(drawn[0].randbytes(drawn[1])).decode()[: drawn[1]]
    )


@st.composite
def planted(draw: st.DrawFn) -> tuple[str, str]:
    """A text with a secret in it, and the part of the secret that must not survive."""
    kind = draw(
        st.sampled_from(
            ["sk-", "sk-ant-api03-", "sk-proj-", "AIzaSy", "ya29.a0", "1//0g", "GOCSPX-",
             "Bearer ", "bearer ", "pem", "?key=", "&access_token=", "&amp;key=", "%3Fkey%3D", "%26token%3d",
             "Basic "]
        )
    )  # fmt: skip
    secret = draw(token(33))
    if kind == "pem":
        lines = draw(st.lists(token(60), min_size=1, max_size=3).map("\n".join))
        text = PEM.format(draw(st.sampled_from(["", "RSA ", "EC ", "ENCRYPTED "])), lines)
        return text, lines
    if kind == "Basic ":
        secret = base64.b64encode(b"user:" + secret.encode()).decode()
    return f"{kind}{secret}", secret.rstrip("=")


BEFORE = st.sampled_from(
    [" ", "\n", "\t", '"', "'", "(", "=", ": ", "key=", "the key is\n", "é", "`", ">", ","]
)
AFTER = st.sampled_from(["", " ", "\n", '"', "'", ")", ",", ";", " and so on", "<br>", "é", "`"])
PROSE = st.text(max_size=40)
START = st.one_of(st.just(""), st.tuples(PROSE, BEFORE).map("".join))


@given(START, planted(), AFTER, PROSE)
def test_no_planted_secret_survives_in_a_text(
    left: str, secret: tuple[str, str], after: str, right: str
) -> None:
    """Whatever text stands around a credential, the credential is not in what is stored."""
    masked = mask_text(left + secret[0] + after + right)
    assert secret[1] not in masked
    assert MASK in masked


@given(START, planted(), AFTER, st.integers(0, 3), st.booleans())
def test_no_planted_secret_survives_in_json_within_json(
    left: str, secret: tuple[str, str], after: str, depth: int, ascii_only: bool
) -> None:
    """A credential in a string is masked at any depth of JSON within JSON, and the whole stays JSON."""
    text = left + secret[0] + after
    body = json.dumps({"text": text}, ensure_ascii=ascii_only)
    for _ in range(depth):
        body = json.dumps({"inner": body, "n": 1}, ensure_ascii=ascii_only)
    masked = mask_body(body.encode("utf-8", "surrogatepass"))
    inner = masked.decode("utf-8", "surrogatepass")
    for _ in range(depth):
        decoded = json.loads(inner)
        assert decoded["n"] == 1
        inner = decoded["inner"]
    shown = json.loads(inner)["text"]
    assert secret[1] not in shown
    assert shown.startswith(left)


@pytest.mark.parametrize(
    "name",
    ["api_key", "apiKey", "API-KEY", "x-api-key", "client_secret", "clientSecret", "refresh_token",
     "access_token", "password", "db_password", "private_key", "privateKey", "Authorization", "Set-Cookie",
     "ANTHROPIC_API_KEY", "AWS_SECRET_ACCESS_KEY"],
)  # fmt: skip
@given(value=st.text(min_size=1, max_size=60), depth=st.integers(0, 3), ascii_only=st.booleans())
def test_what_stands_under_a_secret_name_is_masked_whole(
    name: str, value: str, depth: int, ascii_only: bool
) -> None:
    """The value of a key that is named like a secret is masked to its end, quotes and backslashes and all."""
    body = json.dumps({"a": "b", name: value, "c": 'd"\\'}, ensure_ascii=ascii_only)
    for _ in range(depth):
        body = json.dumps({"inner": body, "n": 'x"'}, ensure_ascii=ascii_only)
    inner = mask_body(body.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
    for _ in range(depth):
        decoded = json.loads(inner)
        assert decoded["n"] == 'x"'
        inner = decoded["inner"]
    assert json.loads(inner) == {"a": "b", name: MASK, "c": 'd"\\'}


@given(st.text(string.ascii_lowercase + ' "\\:{}', max_size=200), planted())
def test_masking_twice_changes_nothing_more(noise: str, secret: tuple[str, str]) -> None:
    """Masking is idempotent, also where the text around is broken JSON."""
    once = mask_text(f'{noise}"password": "x{noise}"{noise} {secret[0]} {noise}')
    assert mask_text(once) == once


WORDS = st.sampled_from(
    ["the", "bearer", "Bearer", "of", "a", "task", "risk", "desk", "key", "Key=", "?page=2", "token",
     "secret", "password", "cookie", "authentication", "authorization", "signature", "sk", "sk-learn", "1//",
     "sk-toggleable__label-arrow", "#sk-container-id-12 div.sk-folding-cube", "AIza", "tokenizer",
     "http://x/", "-----BEGIN PRIVATE KEY-----", "next_page_token=", "access_token:",
     "Basic", "basic", "Basic knowledge", "basic authentication", "page%3D2", "BASIC programming101"]
)  # fmt: skip
BLOB = st.binary(min_size=30, max_size=400)


@given(st.lists(WORDS, max_size=40).map(" ".join))
def test_prose_is_left_alone(text: str) -> None:
    """Words of the trade are no secrets: text without credentials is the very same object."""
    assert mask_text(text) is text


@given(BLOB, BLOB, st.sampled_from(["toolu_01", "call_", "msg_01", "req_011C", "srvtoolu_"]))
def test_signatures_images_and_tool_ids_are_left_alone(signature: bytes, image: bytes, prefix: str) -> None:
    """Base64, plain and URL-safe, behind its usual names, is data and no secret."""
    body = json.dumps(
        {
            "signature": base64.b64encode(signature).decode(),
            "thoughtSignature": "x" + base64.urlsafe_b64encode(signature).decode(),
            "data": base64.b64encode(image).decode(),
            "id": prefix + base64.b64encode(image, b"ab").decode()[:24],
            "tools": [{"properties": {"password": {"type": "string"}, "key": "no secret"}}],
            "usage": {"input_tokens": 12, "token": "Hello"},
        }
    ).encode()
    assert mask_body(body) is body


def test_a_base64_blob_that_contains_a_prefix_is_left_alone() -> None:
    """A credential's prefix inside a word of base64 is chance."""
    body = b'{"data":"' + b"A" * 40 + b"AIza" + b"B" * 40 + b"/1//" + b"C" * 40 + b'"}'
    assert mask_body(body) is body


def test_a_secret_that_is_cut_off_is_masked_as_far_as_it_goes() -> None:
    """A body that ends in the middle of a secret keeps nothing of it."""
    assert mask_body(b'{"password":"hunter2 and mor') == b'{"password":"[masked]'
    cut = b"-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
    assert mask_body(cut) == b"-----BEGIN PRIVATE KEY-----[masked]"


def test_a_secret_split_over_two_sse_events_does_not_break_the_framing() -> None:
    """A string that an SSE event ends before its own quote is masked to that end and no further."""
    events = (
        b'data: {"partial_json":"{\\"password\\": \\"hun"}\n\n'
        b'data: {"partial_json":"ter2\\", \\"a\\": \\"b\\"}"}\n\n'
    )
    masked = mask_body(events)
    assert b"hun" not in masked
    lines = [line for line in masked.split(b"\n") if line]
    assert [json.loads(line.removeprefix(b"data: ")) for line in lines] == [
        {"partial_json": '{"password": "[masked]'},
        {"partial_json": 'ter2", "a": "b"}'},
    ]


@pytest.mark.parametrize(
    ("path", "masked"),
    [
        ("/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/v1beta/models/g:generateContent?key=short", "/v1beta/models/g:generateContent?key=[masked]"),
        ("/x?alt=sse&%6Bey=abc&b=1", "/x?alt=sse&%6Bey=[masked]&b=1"),
        ("/x?KEY=abc", "/x?KEY=[masked]"),
        ("/x?access_token=a.b%2Fc", "/x?access_token=[masked]"),
        ("/x?key=", "/x?key="),
        ("/x?a&&", "/x?a&&"),
        ("/x?monkey=1&hotkey=2", "/x?monkey=1&hotkey=2"),
        ("/sk-ant-api03-0123456789abcdefABCDEF/x", "/sk-[masked]/x"),
    ],
)
def test_keys_in_a_query_are_masked_whatever_they_look_like(path: str, masked: str) -> None:
    """A key in the query string never stays in a path, also when its name is percent-encoded."""
    assert mask_path(path) == masked
    assert mask_path(masked) == masked


def test_headers_that_carry_credentials_are_masked(subtests: pytest.Subtests) -> None:
    """A credential header keeps its name and scheme, never its value; the others stay."""
    for name, value, masked in [
        ("Authorization", "Bearer abc", "Bearer [masked]"),
        ("authorization", "abc", "[masked]"),
        ("Proxy-Authorization", "Basic dTpw", "Basic [masked]"),
        ("x-api-key", "k", "[masked]"),
        ("X-Goog-Api-Key", "k", "[masked]"),
        ("Cookie", "a=b", "[masked]"),
        ("Set-Cookie", "sessionid=1; Path=/", "[masked]"),
        ("x-auth-token", "t", "[masked]"),
        ("Referer", "http://h/p?key=abc", "http://h/p?key=[masked]"),
        ("user-agent", "claude-cli/2.1", "claude-cli/2.1"),
        ("anthropic-ratelimit-tokens-remaining", "12000", "12000"),
        ("anthropic-beta", "thinking-binding-controls-2026-08-01", "thinking-binding-controls-2026-08-01"),
        ("x-forwarded-for", "sk-0123456789abcdefABCDEF", "sk-[masked]"),
    ]:
        with subtests.test(f"{name, value, masked!r:.120}"):
            assert mask_headers([(name, value)]) == ((name, masked),)
            assert mask_headers([(name, masked)]) == ((name, masked),)


@given(value=st.text("0123456789.s", max_size=100))
def test_what_a_key_has_left_is_no_secret(value: str) -> None:
    """A value of figures alone is not looked at in a header: nothing in it would be masked."""
    assert mask_text(value) == value
    assert mask_headers([("x-ratelimit-remaining-usd", value)]) == (("x-ratelimit-remaining-usd", value),)
    assert mask_headers([("x-api-key", value)]) == (("x-api-key", MASK),)


@pytest.mark.parametrize(
    ("label", "masked"),
    [
        ("ada@example.com", "a***@example.com"),
        ("a@b.c", "a***@b.c"),
        ("a***@b.c", "a***@b.c"),
        ("spare key", "spare key"),
        ("", ""),
    ],
)
def test_an_email_keeps_its_first_letter_and_domain(label: str, masked: str) -> None:
    """A masked e-mail can still be told from the others; a label that is none stays."""
    assert mask_email(label) == masked


@given(st.lists(st.one_of(st.just("sk-0123456789abcdefABCDEF"), st.text(" xyz", max_size=9)), max_size=8))
def test_positions_follow_the_masking(parts: list[str]) -> None:
    """Boundaries of pieces are found again in the masked whole, so that times stay with their data."""
    pieces = [f"{part} ".encode() for part in parts]
    ends = [len(b"".join(pieces[: index + 1])) for index in range(len(pieces))]
    data = b"".join(pieces)
    edits = find_secrets(data)
    masked = apply_edits(data, edits)
    moved = [0, *moved_positions(ends, edits)]
    assert [masked[start:end] for start, end in pairwise(moved)] == [mask_body(piece) for piece in pieces]


def test_a_position_inside_a_secret_moves_behind_its_mask() -> None:
    """A secret that was sent in two pieces is shown, masked, with the first of them."""
    data = b"a sk-0123456789abcdefABCDEF b"
    assert list(moved_positions([2, 10, 27, 29], find_secrets(data))) == [2, 13, 13, 15]


ATTACKS = {
    "nested": b'\\"secret\\": \\"\\\\\\" ' * 40_000,
    "named": b'"secret": "' * 80_000,
    "prefix": b"sk-" * 300_000,
    "words": b"sk-a-" * 200_000,
    "bearer": b"Bearer " + b"a" * 1_000_000,
    "pem": b"-----BEGIN PRIVATE KEY-----" * 35_000,
    "slashes": b"1//" * 300_000,
    "parameters": b"&key=" * 200_000,
    "quotes": b'"' * 1_000_000,
    "escapes": b'"\\' * 500_000,
    "tail": b'"secret":"' + b"\\" * 1_000_000,
    "bearer in a query": b"bearer+" * 100_000,
    "prefix in a prefix": b"sk-sk-" * 25_000,
    "schemes": b"Basic aaaaaaaa " * 60_000,
    "assignments": b"api_key=a1b2c3d4e5f6g7h8 " * 40_000,
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.timeout(20)
def test_a_hostile_megabyte_takes_linear_time(attack: bytes) -> None:
    """Whatever a client sends, masking a megabyte ends (quadratic work would take hours)."""
    assert len(mask_body(attack)) <= len(attack) + len(MASK) * len(find_secrets(attack))
