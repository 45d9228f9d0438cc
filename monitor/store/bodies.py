"""How a body is stored: secrets masked, cut to the cap, compressed, its whole size and hash kept."""

import hashlib

import msgspec
import zstandard

from monitor.masking.known import known_secrets
from monitor.record.records import BodyRecord
from monitor.record.redacting.header_redaction import mask_headers
from monitor.record.redacting.redaction import apply_edits, find_secrets, is_left_out, moved_positions
from monitor.record.redacting.stream_secrets import find_stream_secrets
from monitor.record.transcript import MASKING_MARGIN_BYTES
from monitor.store import store_metrics

ROW_OVERHEAD_BYTES = 350
"""What a body takes beside its contents: the other columns and two index entries, as measured on SQLite."""


BodyKey = tuple[str, str, int]


class StoredBody(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A row of the table of bodies; the names are its columns."""

    request_id: str
    kind: str
    attempt: int
    total_bytes: int
    kept_bytes: int
    is_capped: bool
    stored_bytes: int
    sha256: str
    headers: str
    content: bytes
    timing: bytes


def body_key(record: BodyRecord | StoredBody) -> BodyKey:
    """Which body it is: a later one of the same key takes its place."""
    return (record.request_id, str(record.kind), record.attempt)


def queued_bytes(record: BodyRecord | StoredBody) -> int:
    """What a record holds in memory while it waits."""
    if isinstance(record, StoredBody):
        return len(record.content) + len(record.timing) + len(record.headers)
    return len(record.content) + sum(len(data) for _, data in record.chunks)


def stored_body(record: BodyRecord, cap_bytes: int, compressor: zstandard.ZstdCompressor) -> StoredBody:
    """The row of a body of which at most ``cap_bytes`` are kept.

    Masked is a little more than what is kept, so that a secret that lies across the cap is seen whole. A body
    with more places that might be a secret than are looked at is left out, and counted.
    ``timing`` holds pairs of (milliseconds since admission, where that piece of the response ends).
    """
    whole = record.content or b"".join(data for _, data in record.chunks)
    total_bytes = len(whole) if record.total_bytes is None else record.total_bytes
    seen = whole[: cap_bytes + MASKING_MARGIN_BYTES]
    known = known_secrets(record.secrets, record.others)
    edits = find_stream_secrets(seen, known) if record.chunks else find_secrets(seen, known)
    if is_left_out(edits):
        store_metrics.LEFT_OUT.inc()
    masked = apply_edits(seen, edits)
    kept = masked[:cap_bytes]
    ends, end = [], 0
    for _, data in record.chunks:
        end += len(data)
        ends.append(end)
    moved = moved_positions(ends, edits)
    timing = [
        (offset_ms, min(end, len(kept))) for (offset_ms, _), end in zip(record.chunks, moved, strict=True)
    ]
    headers = known.mask_text(msgspec.json.encode(mask_headers(record.headers)).decode())
    content = compressor.compress(kept)
    compressed_timing = compressor.compress(msgspec.json.encode(timing)) if timing else b""
    return StoredBody(
        request_id=record.request_id,
        kind=record.kind.value,
        attempt=record.attempt,
        total_bytes=total_bytes,
        kept_bytes=len(kept),
        is_capped=len(kept) < len(masked) or len(seen) < total_bytes or is_left_out(edits),
        stored_bytes=len(content) + len(compressed_timing) + len(headers) + ROW_OVERHEAD_BYTES,
        sha256=record.sha256 or hashlib.sha256(whole).hexdigest(),
        headers=headers,
        content=content,
        timing=compressed_timing,
    )
