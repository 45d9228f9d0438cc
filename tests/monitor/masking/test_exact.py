"""A credential that is known is found in every form, whatever it looks like, and nothing else is."""

import base64
import json
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
import re2
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.masking.exact import NO_SECRETS
from monitor.masking.known import known_secrets
from monitor.masking.stream_mask import StreamMask

LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
SECRETS = st.text(LETTERS, min_size=6, max_size=40).filter(
    lambda text: text not in NO_SECRETS and not text.endswith("\\")
)
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON that is no ASCII": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "JSON with escaped slashes": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret)[1:-1])[1:-1],
    "all letters escaped": lambda secret: "".join(
        f"\\u{unit:04x}" for unit in memoryview(secret.encode("utf-16-le")).cast("H")
    ),
    "URL": lambda secret: quote(secret, safe=""),
    "form": quote_plus,
    "URL in a URL": lambda secret: quote(quote(secret, safe=""), safe=""),
    "all letters percent-encoded": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "entities": lambda secret: "".join(f"&#{ord(letter)};" for letter in secret),
    "hexadecimal entities": lambda secret: "".join(f"&#x{ord(letter):X};" for letter in secret),
    "escapes of programs": lambda secret: "".join(f"\\x{byte:02x}" for byte in secret.encode()),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode().rstrip("="),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "HEXADECIMAL": lambda secret: secret.encode().hex().upper(),
}


@pytest.mark.parametrize("form", FORMS)
@given(secret=SECRETS)
def test_a_secret_is_found_in_each_form(form: str, secret: str) -> None:
    """All of it goes, and what stands around it stays."""
    assume(secret not in "is refused")
    masked = known_secrets((secret,)).mask_text(f'the key "{FORMS[form](secret)}" is refused')
    assert masked == 'the key "[masked]" is refused'


@given(secret=SECRETS, before=st.binary(max_size=9), after=st.binary(max_size=9))
def test_a_secret_is_found_inside_longer_base64(secret: str, before: bytes, after: bytes) -> None:
    """As ``user:password`` is encoded: wherever it begins, nothing that its own bytes decide is left."""
    whole = base64.b64encode(before + secret.encode() + after).decode()
    masked = known_secrets((secret,)).mask_text(whole)
    assert "[masked]" in masked
    left = masked.partition("[masked]")
    assert len(left[0]) <= -(-len(before) * 4 // 3)
    assert len(left[2]) <= -(-(len(after) + 2) * 4 // 3)


def test_a_long_secret_is_masked_to_its_end() -> None:
    """A token of two kilobytes is looked for by its beginning, and goes whole."""
    token = "eyJ" + "aB3_" * 512
    assert known_secrets((token,)).mask_text(f'"{token}", "x"') == '"[masked]", "x"'


@pytest.mark.parametrize("kept", [10, 17, 33])
def test_a_secret_that_was_cut_off_is_masked_from_its_half_on(kept: int) -> None:
    """As a message of limited length tells it; fewer characters than half of them open nothing."""
    secret = "tenant_openai/Qwerty+uiop=asdf~zx9"
    told = known_secrets((secret,)).mask_text(f"no such key: {secret[:kept]}")
    assert told == ("no such key: [masked]" if kept >= 17 else f"no such key: {secret[:kept]}")


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("anthropic-proxy-key-1", "anthropic-version: 2023-06-01, anthropic-beta: none"),
        ("my-local-gateway-key-2", "my-local-gateway answers"),
    ],
)
def test_the_half_of_a_key_of_words_stays(secret: str, text: str) -> None:
    """Words stand in ordinary text too; the whole key goes."""
    known = known_secrets((secret,))
    assert known.mask_text(text) is text
    assert known.mask_text(f"{text}: {secret}") == f"{text}: [masked]"


@pytest.mark.parametrize(("kept", "is_masked"), [(11, False), (12, True), (15, True)])
def test_a_short_half_is_known_by_twelve_characters(kept: int, is_masked: bool) -> None:
    """Fewer are too short to tell a secret from text."""
    told = "aB3dE5gH7jK9mN1pQ2rS"[:kept]
    masked = known_secrets(("aB3dE5gH7jK9mN1pQ2rS",)).mask_text(f"no such key: {told}")
    assert masked == ("no such key: [masked]" if is_masked else f"no such key: {told}")


@pytest.mark.parametrize("secret", ["", "abc", "12345", *sorted(NO_SECRETS)])
def test_what_is_no_secret_is_not_looked_for(secret: str) -> None:
    """Too short to be told from text, or what documentation says to enter where no key is needed."""
    text = f"use {secret} here"
    assert known_secrets((secret,)).mask_text(text) is text


@given(st.text(max_size=80))
def test_other_text_is_the_very_same(text: str) -> None:
    """Nothing is copied where nothing is found."""
    known = known_secrets(("tenant-7/Qwerty+uiop",))
    data = text.encode("utf-8", "surrogatepass")
    assert known.mask(data) is data
    assert known.mask_text(text) is text
    assert known.mask_plain_text(text) is text


def test_a_hostile_text_is_looked_through_once() -> None:
    """The known are looked for by the linear engine as well."""
    known = known_secrets(("aaaaaaaaabaaaaaaaaaaaaab",))
    assert isinstance(known.exact._any, re2._Regexp)
    assert known.mask(b"a" * 1_000_000) == b"a" * 1_000_000


KEY = "tenant-7/Qwerty+uiop=="


@given(
    st.lists(st.sampled_from([KEY, KEY[:5], KEY[5:], "t", "ten", "\n", "data: ", '"']), max_size=12),
    st.lists(st.integers(0, 200), max_size=8),
)
def test_a_stream_is_masked_however_it_is_cut(parts: list[str], cuts: list[int]) -> None:
    """What comes out does not depend on where the reads end, and nothing is held back at the end."""
    data = "".join(parts).encode()
    ends = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    stream = StreamMask(known_secrets((KEY,)))
    out = [stream.feed(data[start:end]) for start, end in pairwise(ends)]
    assert b"".join([*out, stream.finish()]) == data.replace(KEY.encode(), b"[masked]")


def test_a_piece_that_ends_an_event_is_never_held_back() -> None:
    """The client gets each event when it comes."""
    stream = StreamMask(known_secrets((KEY,)))
    assert stream.feed(b'data: {"t"}\n\n') == b'data: {"t"}\n\n'
    assert stream.feed(b'data: {"ten') == b'data: {"'
    assert stream.feed(b'ant"}\n\n') == b'tenant"}\n\n'
