"""Everything that the page of one exchange shows, read in a fixed number of queries."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings

from monitor.diagnosis.cache_advice import WORDS
from monitor.history.listing.keyset import attempts_of, is_cursor, records_by_id
from monitor.history.one_exchange.body_diff import DiffLine, body_diff, pretty
from monitor.history.one_exchange.log_lines import log_lines
from monitor.history.queries import replays_of
from monitor.history.shown_records import account_mask
from monitor.models import Body, RequestLog
from monitor.object_store.reading import fetched
from monitor.record.cache_misses import DETAIL, TOLD
from monitor.record.records import AttemptRecord, BodyKind, RequestRecord
from monitor.turns import request_turns, response_turns
from monitor.turns.parts import ShownTurn, TurnPart
from monitor.words.labels import FACT_LABELS
from monitor.words.plain_text import shown

TEXT_LIMIT = 20_000
"""Characters of one text that a page shows; a browser is slow with a line of millions."""
RAW_LIMIT = 300_000
"""Characters of a raw body that a page shows; the whole can be downloaded."""
TURNS_LIMIT = 200
"""Turns of a conversation that a page shows: the last ones, for they are why somebody looks."""
EVENTS_LIMIT = 2_000
REPLAYS_LIMIT = 20


class ShownBody(msgspec.Struct, frozen=True):
    """A body as the page shows it. ``text`` is JSON indented where it is JSON; ``is_cut``: not all of it."""

    body: Body
    headers: list[tuple[str, str]]
    text: str
    is_cut: bool


class SentPiece(msgspec.Struct, frozen=True):
    """A piece of the response as it was sent, with its milliseconds since admission."""

    offset_ms: int
    text: str


class Detail(msgspec.Struct, frozen=True):
    """One exchange with all that is known of it."""

    row: RequestRecord
    attempts: list[AttemptRecord]
    bodies: list[ShownBody]
    conversation: list[ShownTurn]
    answer: list[ShownTurn]
    """The end of the conversation that was the answer."""
    left_out_turns: int
    is_request_unreadable: bool
    unreachable_bodies: int
    """So many lie in a store of objects that does not give them now."""
    changes: list[tuple[int, list[DiffLine] | None]]
    """For each attempt whose request differed from the client's: its number, and how (None: too long)."""
    events: list[SentPiece]
    left_out_events: int
    log: list[str]
    is_log_whole: bool
    replays: list[str]
    retry_after_seconds: float | None


def detail_of(request_id: str, *, with_bodies: bool) -> Detail | None:
    """The exchange with that id; None when there is none (any more). ``with_bodies``: what was said, too."""
    found = records_by_id([request_id])
    if not found:
        return None
    row = found[0]
    attempts = attempts_of(found)[row.id]
    kept = _bodies(row.id, with_bodies=with_bodies)
    bodies = [body for body in kept if body.content] if with_bodies else []
    by_kind = {body.kind: body for body in bodies}
    client = by_kind.get(BodyKind.CLIENT_REQUEST)
    response = by_kind.get(BodyKind.RESPONSE)
    asked = request_turns(row.dialect, client.data()) if client else []
    answered = response_turns(row.dialect, response.data()) if response else []
    answer = [_limited(turn) for turn in answered or []]
    turns = [*map(_limited, asked or []), *answer]
    pieces = response.events() if response else []
    hide = account_mask(attempts)
    log, is_log_whole = log_lines(Path(settings.DATA_DIR) / "logs", row.id, row.started_at)
    return Detail(
        row=row,
        attempts=attempts,
        bodies=[_shown(body, hide) for body in bodies],
        conversation=turns[-TURNS_LIMIT:],
        answer=answer,
        left_out_turns=max(0, len(turns) - TURNS_LIMIT),
        unreachable_bodies=len(kept) - len(bodies) if with_bodies else 0,
        is_request_unreadable=client is not None and client.total_bytes > 0 and asked is None,
        changes=_changes(client, bodies),
        events=[SentPiece(at, _begun(data.decode("utf-8", "replace"))) for at, data in pieces[:EVENTS_LIMIT]],
        left_out_events=max(0, len(pieces) - EVENTS_LIMIT),
        log=[hide(line) for line in log],
        is_log_whole=is_log_whole,
        replays=_replays(row),
        retry_after_seconds=_retry_after(next((b for b in kept if b.kind == BodyKind.RESPONSE), None)),
    )


def _bodies(request_id: str, *, with_bodies: bool) -> list[Body]:
    """What is kept of it; for who may not read bodies the response's headers alone leave the database."""
    found = Body.objects.filter(request_id=request_id)
    if with_bodies:
        return list(fetched(found))
    return list(found.filter(kind=BodyKind.RESPONSE).only("kind", "headers"))


def whole_body(request_id: str, kind: str, attempt: int) -> bytes | None:
    """What is kept of a body, to be downloaded. Raises BodyUnreachable."""
    if kind not in set(BodyKind) or not is_cursor(request_id):
        return None
    body = Body.objects.filter(request_id=request_id, kind=kind, attempt=attempt).first()
    return body.data() if body else None


def _replays(row: RequestRecord) -> list[str]:
    """The exchanges that sent this one again."""
    later = RequestLog.objects.filter(replays_of(row.id)).order_by("id")
    return list(later.values_list("id", flat=True)[:REPLAYS_LIMIT])


def _shown(body: Body, hide: Callable[[str], str]) -> ShownBody:
    data = body.data()
    text = pretty(data)
    if text is None:
        text = data.decode("utf-8", "replace")
    headers = [(name, hide(value)) for name, value in body.header_pairs()]
    return ShownBody(body, headers, shown(text[:RAW_LIMIT]), len(text) > RAW_LIMIT)


def _changes(client: Body | None, bodies: list[Body]) -> list[tuple[int, list[DiffLine] | None]]:
    if client is None:
        return []
    before = client.data()
    return [
        (body.attempt, body_diff(before, body.data()))
        for body in bodies
        if body.kind == BodyKind.UPSTREAM_REQUEST
    ]


def _limited(turn: ShownTurn) -> ShownTurn:
    return ShownTurn(
        turn.role,
        [TurnPart(part.kind, _begun(part.text), shown(part.title), part.image) for part in turn.parts],
    )


def _begun(text: str) -> str:
    if len(text) <= TEXT_LIMIT:
        return shown(text)
    return f"{shown(text[:TEXT_LIMIT])}\n… ({len(text):,} characters)"


def _retry_after(response: Body | None) -> float | None:
    """What the client was told to wait."""
    for name, value in response.header_pairs() if response else []:
        if name.lower() == "retry-after":
            try:
                return float(value)
            except ValueError:
                return None
    return None


def facts(row: RequestRecord) -> dict[str, Any]:
    """Further facts that are told on the page, of a row as it may be shown (``with_shown_accounts``).

    What was different for the prompt cache is said in the diagnosis, in a sentence.
    """
    told = (DETAIL, TOLD) if row.cache_miss in WORDS else ()
    return {
        str(FACT_LABELS.get(name) or name.replace("_", " ")): value
        for name, value in row.diagnostics.items()
        if value not in (None, "") and name not in told
    }
