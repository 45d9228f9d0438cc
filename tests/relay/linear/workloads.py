"""What is measured: each dialect pair's conversion, healing, masking and wildcards, over ``n`` things."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress

from accounts.facts.known_models import facts_for
from accounts.wildcards import Wildcard, WildcardIndex
from monitor.masking.known import known_secrets
from monitor.masking.many import ManySecrets
from monitor.masking.named import NAMED
from monitor.masking.shapes import TOKENS
from monitor.masking.stream_mask import StreamMask
from monitor.record.redacting.redaction import mask_body, mask_email, mask_path
from monitor.record.redacting.stream_secrets import find_stream_secrets
from relay.admission.request_body import parsed
from relay.dialects.healing.signature_slots import Fate
from relay.dialects.interface import Dialect
from relay.dialects.registry import DIALECTS
from relay.neutral.failures import BadRequest, CannotCarry
from tests.relay.linear import answers, planted, shapes
from tests.relay.linear.conversions import MODELS, to_another, to_its_own

Json = shapes.Json
Work = Callable[[], object]
BY_NAME = {dialect.name.removeprefix("openai_"): dialect for dialect in DIALECTS}


_SCHEMAS = {name for name, _ in shapes.schemas(1)} - {"properties", "a union"}


def done(work: Work) -> None:
    """Do it; that a request cannot be carried is an answer like any other."""
    with suppress(BadRequest, CannotCarry):
        work()


def all_of(n: int) -> Iterator[tuple[str, Work]]:
    """Everything, over ``n`` things."""
    for name in BY_NAME:
        for shape, body in shapes.requests(name, n):
            yield from _conversions(name, shape, body)
        for shape, turns in shapes.histories(n):
            yield from _healing(name, shape, shapes.body(name, turns))
    yield from answers.works(BY_NAME, n)
    yield from answers.read_in_pieces(BY_NAME, n)
    yield from _masking(n)
    yield from _wildcards(n)
    for work in planted.ALL:
        yield f"planted: {work.__name__}", lambda work=work: work(list(range(n)))  # type: ignore[misc]


def _conversions(client: str, shape: str, body: Json) -> Iterator[tuple[str, Work]]:
    dialect = BY_NAME[client]
    raw = json.dumps(body).encode()
    yield f"{client} as it came: {shape}", lambda: _own(dialect, MODELS[client], raw)
    if client not in ("anthropic", "gemini") and shape.removeprefix("an answer of ") in _SCHEMAS:
        return  # a schema of OpenAI's clients is read as one of Anthropic's is
    for upstream, other in BY_NAME.items():
        if other is not dialect:
            yield (
                f"{client} to {upstream}: {shape}",
                lambda upstream=upstream, other=other: to_another(dialect, other, MODELS[upstream], body),  # type: ignore[misc]
            )


def _own(dialect: Dialect, model: str, raw: bytes) -> None:
    body = parsed(raw).body
    dialect.inspect(body, {})
    to_its_own(dialect, model, body)


def _healing(name: str, shape: str, body: Json) -> Iterator[tuple[str, Work]]:
    dialect = BY_NAME[name]
    facts = facts_for(MODELS[name])

    def heal() -> None:
        healed = dialect.heal(body, facts)
        dialect.heal_again(body, frozenset(healed.blocks), frozenset([healed.prompt_turn, "x"]))

    yield f"{name} healed: {shape}", heal
    for fate in ("new", Fate.DEMOTE):
        yield (
            f"{name} signed {fate}: {shape}",
            lambda fate=fate: dialect.restore_signatures(body, lambda _: fate),
        )  # type: ignore[misc]
    yield f"{name} looked at: {shape}", lambda: list(dialect.slots(body))


def _masking(n: int) -> Iterator[tuple[str, Work]]:
    shapes_of = {f"{number}": shape for number, shape in enumerate((*TOKENS, *NAMED))}
    texts: dict[str, bytes] = {}
    for name, shape in shapes_of.items():
        for again in _examples(shape.core):
            texts[f"{name} {again[:20]!r}"] = again
    texts |= {
        "bearer": b"bearer+", "sk-": b"sk-", "at": b"a@", "backslashes": b"\\", "escapes": b"\\u0041",
        "percent": b"%41", "hex": b"0123456789abcdef", "quotes": b'"key":"', "dots": b"eyJ.",
        "pem": b"-----BEGIN PRIVATE KEY-----", "assignments": b"SECRET_KEY=", "spaces": b" ",
        "ampersands": b"&key=v", "half characters": b"\xed\xa0\xbd",
    }  # fmt: skip
    others = ManySecrets(["a" * 20 + "b", "sk-proj-" + "0" * 40, "x" * 299 + "y"])
    known = known_secrets(("abcdefgh1234", "a@b:c/d+e", "x" * 300), others)
    for name, text in texts.items():
        longer = 8 if name == "pem" else 1  # the search for such a key's end goes 16 KiB at most
        data = text * (n * 10 * longer)
        yield f"masked: {name}", lambda data=data: mask_body(data)  # type: ignore[misc]
        yield f"path masked: {name}", lambda data=data: mask_path(data.decode("latin-1"))  # type: ignore[misc]
        yield f"e-mail masked: {name}", lambda data=data: mask_email(data.decode("latin-1"))  # type: ignore[misc]
        yield f"known masked: {name}", lambda data=data: known.mask(data)  # type: ignore[misc]
        piece = b'data: {"index":0,"text":"%s"}\n\n' % (text.replace(b'"', b"") * 10)
        stream = b"".join(piece for _ in range(n * longer))
        yield f"stream masked: {name}", lambda stream=stream: find_stream_secrets(stream)  # type: ignore[misc]

        def piecewise(data: bytes = data) -> None:
            mask = StreamMask(known)
            for at in range(0, len(data), 7):
                mask.feed(data[at : at + 7])

        yield f"pieces masked: {name}", piecewise


def _examples(core: bytes) -> Iterator[bytes]:
    """Beginnings of what a shape looks for, out of its own letters."""
    plain = bytes(byte for byte in core if chr(byte).isalnum() or byte in b"-_=: ")
    yield plain[:12] or b"x"
    yield plain[:4] or b"x"


def _wildcards(n: int) -> Iterator[tuple[str, Work]]:
    for pattern in (
        "*",
        "a*",
        "*a",
        "*a*",
        "a*a",
        "a*a*",
        "*a*a",
        "*a*a*",
        "claude-*-*-thinking*",
        "*aa*ab*aaa*b",
    ):
        for letter in ("a", "ab", "-thinking", "claude-"):
            yield (
                f"{pattern} on {letter}",
                lambda pattern=pattern, letter=letter: Wildcard(pattern).fits(letter * n),
            )  # type: ignore[misc]
    stars = "*".join(["a"] * n)
    yield "many stars", lambda: Wildcard(stars).fits("a" * n)
    yield "many stars on nothing", lambda: Wildcard(stars + "b").fits("a" * n * 2)
    yield "many patterns", lambda: WildcardIndex([(f"a{i}*", i) for i in range(n)]).find("a1b")
