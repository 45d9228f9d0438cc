"""The credential that a request carries is taken out of whatever comes back, and every other's too. PURE.

Some upstreams and gateways repeat in an error what they were sent, or what somebody else sent them. Here is
where their text comes in, so clients, log, history and exports see it without.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import msgspec

from monitor.masking.known import KnownSecrets, known_secrets
from monitor.masking.many import NOBODYS, ManySecrets
from monitor.masking.stream_mask import StreamMask
from monitor.record.redacting.redaction import mask_error_body
from relay.dialects.errors.told_body import is_told
from relay.dialects.interface import Decoder, Dialect
from relay.dialects.registry import classify
from relay.neutral.events import Chunk, Event, Failed
from relay.neutral.failures import Failure
from relay.neutral.sse import without_last


def secrets_in(headers: Mapping[str, str], others: ManySecrets = NOBODYS) -> KnownSecrets:
    """What is secret in the headers that sign an account in, and the credentials of the ``others``."""
    found = (value.removeprefix("Bearer ") for value in headers.values())
    return known_secrets(tuple(found), others)


def masked_headers(headers: Iterable[tuple[str, str]], known: KnownSecrets) -> dict[str, str]:
    """An answer's headers by lower-case name, without credentials."""
    told = {name.lower(): value for name, value in headers}
    values = "\n".join(told.values())
    if known.mask_text(values) is values:  # one look at all of them
        return told
    return {name: known.mask_text(value) for name, value in told.items()}


class Beside(Protocol):
    """Does work in a thread where so many bytes are many (``relay.exchange.large_bodies``)."""

    async def __call__(self, size_bytes: int, work: Callable[[], Failure]) -> Failure:
        """What ``work`` gives."""
        ...


async def at_once(size_bytes: int, work: Callable[[], Failure]) -> Failure:
    """Does it here."""
    return work()


WEIGHT_OF_AN_ERROR = 128
"""So many times its size is what a hostile error costs: from 4 KiB on it is looked at in the thread."""


async def told_failure(
    beside: Beside,
    dialect: Dialect,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    known: KnownSecrets,
) -> Failure:
    """The failure that an error's answer is, without credentials."""

    def told() -> Failure:
        return masked_failure(classify(dialect, status, headers, known.mask(body, is_deep=True)), known)

    return await beside(len(body) * WEIGHT_OF_AN_ERROR, told)


def masked_failure(failure: Failure, known: KnownSecrets) -> Failure:
    """The same failure, whose texts do not tell the credential."""
    return msgspec.structs.replace(
        failure,
        message=known.mask_text(failure.message, is_deep=True),
        reason=known.mask_text(failure.reason, is_deep=True),
        body=known.mask(failure.body, is_deep=True),
    )


class MaskedDecoder:
    """A dialect's decoder, of a stream that may repeat the credential. See ``interface.Decoder``."""

    def __init__(self, inner: Decoder, known: KnownSecrets) -> None:
        """``inner`` decodes, ``known`` is what must not be told."""
        self._inner = inner
        self._known = known
        self._stream = StreamMask(known)

    @property
    def bent(self) -> list[str]:
        """As the decoder found them."""
        return self._inner.bent

    def feed(self, data: bytes) -> Chunk:
        """What ``data`` completes."""
        return self._checked(self._inner.feed(self._stream.feed(data)))

    def finish(self) -> Chunk:
        """What was left when the connection ended in order."""
        held = self._stream.finish()
        first = self._inner.feed(held) if held else Chunk(b"", [])
        last = self._inner.finish()
        return self._checked(Chunk(first.raw + last.raw, [*first.events, *last.events]))

    def _checked(self, chunk: Chunk) -> Chunk:
        """An error is looked at more closely than what a model says."""
        end = chunk.events[-1] if chunk.events else None
        if type(end) is not Failed:
            return chunk
        failure, raw = masked_failure(end.failure, self._known), chunk.raw
        if failure.from_upstream_event:
            raw, error = without_last(raw)
            if is_told(error):
                raw += mask_error_body(self._known.mask(error, is_deep=True))
            else:  # no error that anybody would read: the client gets one of ours
                failure = msgspec.structs.replace(failure, from_upstream_event=False)
        events: list[Event] = [*chunk.events[:-1], Failed(failure)]
        return Chunk(raw, events)
