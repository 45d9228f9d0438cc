"""The bodies of one exchange on their way to the record, and the credentials not to be kept in them."""

from collections.abc import Callable, Mapping

from monitor.masking.known import NOTHING_KNOWN, KnownSecrets
from monitor.record.records import BodyKind, BodyRecord, Record
from monitor.record.transcript import Transcript


class RecordedBodies:
    """Takes what the client sent, what each upstream was sent, and what the client got."""

    def __init__(
        self,
        submit: Callable[[Record], None],
        request_id: str,
        cap_bytes: int,
        known: KnownSecrets = NOTHING_KNOWN,
    ) -> None:
        """``submit`` takes records; ``known`` are the client's credentials."""
        self._submit = submit
        self._request_id = request_id
        self._secrets = known.exact.secrets
        self._others = known.others
        self._transcript = Transcript(cap_bytes)
        self._last_content = b""

    def knows(self, known: KnownSecrets) -> None:
        """The credentials of an account that is asked, and of the others by now."""
        self._secrets = tuple(dict.fromkeys((*self._secrets, *known.exact.secrets)))
        self._others = known.others

    def client_request(self, headers: Mapping[str, str], content: bytes) -> None:
        """What the client sent."""
        self._put_request(BodyKind.CLIENT_REQUEST, 0, headers, content)

    def upstream_request(self, attempt: int, headers: Mapping[str, str], content: bytes) -> None:
        """What the upstream of an attempt is sent, if it is not what was sent last."""
        if content != self._last_content:
            self._put_request(BodyKind.UPSTREAM_REQUEST, attempt, headers, content)

    def sent(self, offset_ms: int, data: bytes) -> None:
        """A piece of the response went to the client."""
        self._transcript.add(offset_ms, data)

    def response(self, headers: tuple[tuple[str, str], ...]) -> None:
        """The response is over."""
        self._submit(
            BodyRecord(
                request_id=self._request_id,
                kind=BodyKind.RESPONSE,
                headers=headers,
                chunks=tuple(self._transcript.chunks),
                total_bytes=self._transcript.total_bytes,
                sha256=self._transcript.sha256(),
                secrets=self._secrets,
                others=self._others,
            )
        )

    def _put_request(self, kind: BodyKind, attempt: int, headers: Mapping[str, str], content: bytes) -> None:
        self._last_content = content
        self._submit(
            BodyRecord(
                request_id=self._request_id,
                kind=kind,
                attempt=attempt,
                headers=tuple(headers.items()),
                content=content,
                secrets=self._secrets,
                others=self._others,
            )
        )
