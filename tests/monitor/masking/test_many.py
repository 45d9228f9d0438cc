"""All accounts' credentials at once: each is found, in each form, and a look costs no more for many."""

import base64
import json
import random
import string
from collections.abc import Callable
from urllib.parse import quote

import pytest

from monitor.masking.exact import ExactSecrets
from monitor.masking.finder import LEFT_OUT
from monitor.masking.known import KnownSecrets, known_secrets
from monitor.masking.many import MARKS_BESIDE_SHAPES, MOST_NAMED, NOBODYS, ManySecrets, TooManyNamed
from monitor.masking.shapes import tells_a_secret
from monitor.masking.stream_mask import StreamMask
from monitor.record.redacting.redaction import apply_edits, find_secrets
from monitor.record.redacting.stream_secrets import find_stream_secrets

LETTERS = string.ascii_letters + string.digits
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON with escaped slashes": lambda secret: secret.replace("/", "\\/"),
    "all letters escaped": lambda secret: "".join(f"\\u{ord(letter):04x}" for letter in secret),
    "URL": lambda secret: quote(secret, safe=""),
    "URL in a URL": lambda secret: quote(quote(secret, safe=""), safe=""),
    "all letters percent-encoded": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
}
DEEP_FORMS: dict[str, Callable[[str], str]] = {
    "base64": lambda secret: base64.b64encode(secret.encode()).decode().rstrip("="),
    "base64 of user:password": lambda secret: base64.b64encode(f"user:{secret}".encode()).decode(),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(f"ab{secret}".encode()).decode(),
    "hexadecimal": lambda secret: secret.encode().hex(),
}


def pool(count: int) -> list[str]:
    """Credentials of so many accounts: keys as vendors make them, and such as people make up."""
    chance = random.Random(count)
    shapes: list[Callable[[int, str], str]] = [
        lambda number, rest: f"sk-ant-api03-{rest}-{rest[:8]}AA",
        lambda number, rest: f"tenant_{number}/Qwerty+uiop=asdf~zx",
        lambda number, rest: f"MySharedPassword-{number:05}",
        lambda number, rest: f"{rest[:5]}.{number}-{rest[5:9]}_{rest[9:14]}",
    ]
    return [
        shapes[number % len(shapes)](number, "".join(chance.choices(LETTERS, k=40)))
        for number in range(count)
    ]


FEW, THOUSANDS = pool(40), pool(5_000)


@pytest.mark.parametrize("secrets", [FEW, THOUSANDS], ids=["40", "5,000"])
def test_the_credential_of_any_account_is_found_in_each_form(
    secrets: list[str], subtests: pytest.Subtests
) -> None:
    """All of it goes, what stands around it stays; in an error, in base64 and hexadecimal too."""
    known = KnownSecrets(ExactSecrets(()), ManySecrets(secrets))
    for secret in secrets[-8:]:
        for name, form in (FORMS | DEEP_FORMS).items():
            with subtests.test(f"{name}: {secret}"):
                text = f'the key "{form(secret)}" is refused'
                masked = known.mask_text(text, is_deep=name in DEEP_FORMS)
                before, mask, after = masked.partition("[masked]")
                assert (before[:9], mask, after[-12:]) == ('the key "', "[masked]", '" is refused')
                assert len(masked) <= len('the key "[masked]" is refused') + 8


@pytest.mark.parametrize("secrets", [FEW, THOUSANDS], ids=["40", "5,000"])
def test_bodies_and_streams_lose_them_too(secrets: list[str]) -> None:
    """As they stand, escaped, and in the pieces of a streamed text; the mask is where the credential was."""
    known = known_secrets(("own-credential/of+this=exchange",), ManySecrets(secrets))
    for secret in secrets[-8:]:
        body = json.dumps({"messages": [{"content": f"my key is {secret}, keep it"}]}).encode()
        masked = apply_edits(body, find_secrets(body, known))
        assert json.loads(masked) == {"messages": [{"content": "my key is [masked], keep it"}]}
        pieces = [f"key: {secret[:9]}", secret[9:20], f"{secret[20:]} end"]
        stream = b"".join(
            b'data: {"index":0,"delta":{"text":%s}}\n\n' % json.dumps(piece).encode() for piece in pieces
        )
        told = apply_edits(stream, find_stream_secrets(stream, known))
        text = "".join(json.loads(line[6:])["delta"]["text"] for line in told.decode().splitlines() if line)
        assert text == "key: [masked] end"


def test_a_stream_is_masked_wherever_it_is_cut() -> None:
    """What comes out is the same for every place of a cut, and nothing is held back at the end."""
    for secret in THOUSANDS[-4:]:
        data = f'data: {{"a":"{secret}"}}'.encode()
        for cut in range(len(data) + 1):
            stream = StreamMask(KnownSecrets(ExactSecrets(()), ManySecrets(THOUSANDS[-40:])))
            out = stream.feed(data[:cut]) + stream.feed(data[cut:]) + stream.finish()
            assert out == b'data: {"a":"[masked]"}', cut


def test_text_without_them_is_the_very_same() -> None:
    """Nothing is copied where nothing is found, and no part of a credential that others share is one."""
    for secrets in (FEW, THOUSANDS):
        known = KnownSecrets(ExactSecrets(()), ManySecrets(secrets))
        for data in (
            b"",
            b"MySharedPassword-",
            b"tenant_ sk-ant-api03- Qwerty+uiop=asdf~z",
            b"%41\\u0042" * 99,
        ):
            assert known.mask(data, is_deep=True) is data
            assert StreamMask(known).feed(data + b"\n") == data + b"\n"


def test_a_text_that_names_too_many_is_left_out() -> None:
    """Whoever tells the whole pool is not answered credential by credential."""
    many = ManySecrets(THOUSANDS)
    data = "\n".join(THOUSANDS[: 4 * MOST_NAMED]).encode()
    with pytest.raises(TooManyNamed):
        many.named_in(data)
    assert KnownSecrets(ExactSecrets(()), many).mask(data) == LEFT_OUT
    stream = StreamMask(KnownSecrets(ExactSecrets(()), many))
    assert stream.feed(data + b"\n") == b"\n".join([b"[masked]"] * 4 * MOST_NAMED) + b"\n"


def test_a_look_costs_no_more_for_thousands() -> None:
    """A text is looked through once for each four thousand; some dozens go with the shapes, for nothing."""
    assert len(ManySecrets(THOUSANDS)._looks) == 1
    assert len(ManySecrets(THOUSANDS[::4] + pool(20_000)[::4])._looks) == 2
    assert ManySecrets(THOUSANDS).pattern_beside_shapes is None
    assert ManySecrets(pool(MARKS_BESIDE_SHAPES // 4)[::4]).pattern_beside_shapes is not None
    assert ManySecrets(pool(400)[::4]).pattern_beside_shapes is None, "each change makes all shapes anew"
    assert not NOBODYS
    assert NOBODYS.pattern_beside_shapes is None


@pytest.mark.parametrize(
    "words", ["secret", "ollama-local", "my-local-key-1", "password", "sk-1234", "not-needed"]
)
def test_words_are_nobodys_credential(words: str) -> None:
    """What may stand in anybody's answer is masked for its own account only."""
    assert not tells_a_secret(words)


@pytest.mark.parametrize("secret", [*pool(8), "AIzaSyA1b2C3d4E5f6G7h8"])
def test_a_credential_is_no_words(secret: str) -> None:
    """Long enough, and with something that no words have."""
    assert tells_a_secret(secret)
