"""Put one exchange on record: its row, its attempts, its bodies and its log lines, from the engine's facts.

Log lines and rows come from the same facts, so what the log says and what the page says cannot differ.
"""

import logging
from collections.abc import Callable, Iterable

import msgspec

from monitor.masking.known import KnownSecrets
from monitor.record.cache_misses import DETAIL
from monitor.record.outcome import OutcomeFacts, outcome_of
from monitor.record.records import (
    AttemptRecord,
    EndedBy,
    Phase,
    Record,
    RequestRecord,
)
from relay import metrics
from relay.engine.commands import ExchangeEnd
from relay.engine.facts import (
    AttemptEnded,
    AttemptOpened,
    AttemptStarted,
    Committed,
    Continued,
    Fact,
    GaveUp,
    Healing,
    HealingFailed,
    KeptAccount,
    NotContinued,
    Rested,
    Rotated,
)
from relay.exchange.record.attempt_uses import AttemptUses
from relay.exchange.record.log_phrases import AUTO_STREAM, lines, unasked
from relay.exchange.record.price_facts import counted, price_facts
from relay.exchange.record.recorded_bodies import RecordedBodies
from relay.exchange.record.recorded_figures import facts_of_end, milliseconds, outcome_of_key, tokens_of
from relay.limits.allowance import Allowance
from relay.neutral.failures import Failure
from relay.upstream.connection.times import Times
from relay.upstream.request import ClientCall, UpstreamRequest
from relay.upstream.told_changes import told_changes

logger = logging.getLogger("relay")


_HEALED = {"strip": ("history healed",), "drop_block": ("drop_block asked for",), "parameter": ()}


class Recorder:
    """The record of one exchange as it grows. Every change is handed to the writer at once."""

    def __init__(
        self,
        submit: Callable[[Record], None],
        row: RequestRecord,
        call: ClientCall,
        *,
        at: Callable[[], float],
        bodies: RecordedBodies | None,
    ) -> None:
        """``submit`` takes records; ``row`` is the row at admission, ``at`` tells the seconds since.

        ``bodies`` takes the exchange's bodies; None where they are not kept.
        """
        self.row = row
        self._bodies = bodies
        self.response_headers: tuple[tuple[str, str], ...] = ()
        self.allowance: Allowance | None = None
        """Of a key with limits that are counted."""
        self._submit = submit
        self._call = call
        self._at = at
        self._attempt: AttemptRecord | None = None
        self._uses = AttemptUses(call)
        self._times: Times | None = None
        self._response_bytes = 0
        submit(row)
        if bodies is not None:
            bodies.client_request(call.headers, call.raw)

    def keep_use(self) -> None:
        """Write down what was used by now: should this process die, that is booked."""
        self._uses.know()
        self._update_row()

    def converts_to_stream(self) -> None:
        """The client wants one JSON answer, and upstream is asked for a stream all the same."""
        self._log(logging.INFO, AUTO_STREAM)

    def note(self, fact: Fact) -> None:
        """Take a fact of the engine."""
        for level, line in lines(fact, self._call.dialect.log_prefix):
            self._log(level, line)
        match fact:
            case AttemptStarted():
                self._start_attempt(fact)
            case AttemptOpened(_, _, upstream_request_id):
                self._update_attempt(**self._sent(), upstream_request_id=upstream_request_id or None)
            case Committed(at, _, answer_id):
                self._uses.know(roughly=True)
                # Google names no request in its headers, but each answer in its body.
                named = self.upstreams_id or answer_id or None
                self._update_attempt(first_data_ms=self._since_start(at), upstream_request_id=named)
                self._update_row(first_data_ms=milliseconds(at), ended_in=Phase.TEXT)
            case AttemptEnded():
                self._end_attempt(fact)
            case Healing(_, how, _, _, changes):
                self._update_row(changes=(*self.row.changes, *_HEALED[how], *changes))
            case Continued(at, _, characters):
                self._uses.know(roughly=True)
                self._update_attempt(first_data_ms=self._since_start(at))
                self._update_row(continued=True, seams=(*self.row.seams, characters))
            case NotContinued(_, why):
                self.diagnosed("not_continued", why)
            case Rested(_, seconds):
                self._waited("rested_ms", seconds)
            case Rotated() | KeptAccount() | HealingFailed() | GaveUp():
                pass

    def knows(self, known: KnownSecrets) -> None:
        """The credentials of an account that is asked, and of the others."""
        if self._bodies is not None:
            self._bodies.knows(known)

    def sending(self, times: Times) -> None:
        """The attempt's request goes out now; of several requests of one attempt the first one counts."""
        self._times = self._times or times

    def prepared(self, request: UpstreamRequest) -> None:
        """A request was made ready for the attempt that comes next."""
        self.changed(request.changes)
        if self._bodies is not None:
            self._bodies.upstream_request(self.row.attempts + 1, request.headers, request.content)

    def changed(self, changes: Iterable[str]) -> None:
        """Name what was changed in the request, or left out of the answer, each once."""
        named = told_changes((*self.row.changes, *changes))
        self.row = msgspec.structs.replace(self.row, changes=named)

    @property
    def last_failure(self) -> str:
        """The word for how the last attempt failed; "" where it has not."""
        return (self._attempt.failure_kind or "") if self._attempt is not None else ""

    def missed_cache(self, cause: str, tokens: int, detail: str) -> None:
        """Upstream read less from its prompt cache than it could have."""
        self._update_row(cache_miss=cause, cache_miss_tokens=tokens)
        if detail:
            self.diagnosed(DETAIL, detail)

    def detour(self, cached_tokens_at_stake: int, cached_tokens: int | None, note: str) -> int:
        """A stand-in served the session: what its own account's prompt cache would have held is lost."""
        lost = max(cached_tokens_at_stake - (cached_tokens or 0), 0)
        self._update_row(cached_tokens_lost=lost, diagnostics={**self.row.diagnostics, "stand_in": note})
        return lost

    def diagnosed(self, name: str, note: str | int | bool) -> None:
        """Something to know about the exchange, under ``name``; what stood there is replaced."""
        self._update_row(diagnostics={**self.row.diagnostics, name: note})

    def sent(self, data: bytes) -> None:
        """A piece of the response went to the client."""
        if self._bodies is not None:
            self._bodies.sent(milliseconds(self._at()), data)
        self._response_bytes += len(data)

    def refused(self, failure: Failure, status: int) -> None:
        """The exchange ended at admission, before anything was asked."""
        facts = OutcomeFacts(refused_key=outcome_of_key(failure), failed=True, attempts=0)
        if facts.refused_key is None:  # strangers shall not fill the log
            self._log(logging.WARNING, unasked(failure.message, status))
        self._finish(outcome_of(facts), EndedBy.PROXY, Phase.ADMISSION, status, failure.message)

    def end(self, outcome: ExchangeEnd, *, status: int, has_client_gone: bool) -> None:
        """The exchange is over: driver and response both are done. ``status`` is what the client got."""
        failure = outcome.failure
        state = outcome.state
        stopped = outcome.interrupted_by == "server"
        facts = facts_of_end(outcome, self.row, is_stream=self._call.is_stream, client_gone=has_client_gone)
        is_ours = stopped or (failure is not None and failure.rule.ended_here)
        ended_by = EndedBy.CLIENT if has_client_gone else EndedBy.PROXY if is_ours else EndedBy.UPSTREAM
        usage = counted(state, outcome.usage, has_failed=failure is not None)
        left = {"has_failed": failure is not None, "was_left": self._uses.was_left}
        facts_of_price = price_facts(state, usage, self._uses.asked_tokens, **left)
        if failure is None and state.is_empty_turn:
            facts_of_price["said_nothing"] = True
        self.row = msgspec.structs.replace(
            self.row,
            attempts=outcome.attempts,
            **(tokens_of(usage) | self._uses.of_the_legs),
            stop_reason=state.stop.reason if state.stop else None,
            healed=facts.healed,
            diagnostics={**self.row.diagnostics, **facts_of_price},
            used_by_attempt=None if self.row.only_counts else self._uses.told_apart,
        )
        error = outcome.message if failure is not None else None
        if error is not None and not outcome.attempts:
            self._log(logging.WARNING, unasked(error, status))
        self._finish(outcome_of(facts), ended_by, outcome.phase, status, error)

    def _finish(self, word: object, by: EndedBy, phase: Phase, status: int, error: str | None) -> None:
        seconds = self._at()
        self.row = msgspec.structs.replace(
            self.row,
            in_flight=False,
            outcome=word,
            ended_by=by,
            ended_in=phase,
            status=status,
            error=error,
            duration_ms=milliseconds(seconds),
            response_bytes=self._response_bytes,
        )
        if self.allowance is not None:
            self.row = self.allowance.settle(self.row)
        self._submit(self.row)
        if self._bodies is not None:
            self._bodies.response(self.response_headers)
        if not self.row.is_simulated:
            metrics.observe(self.row, seconds)

    @property
    def upstreams_id(self) -> str:
        """Upstream's own id of the newest attempt, where it told one."""
        return (self._attempt.upstream_request_id or "") if self._attempt is not None else ""

    def _start_attempt(self, fact: AttemptStarted) -> None:
        self._attempt = AttemptRecord(
            request_id=self.row.id,
            number=fact.number,
            account=fact.email,
            account_kind=fact.kind,
            upstream_model=fact.model,
            started_offset_ms=milliseconds(fact.at),
            phase=Phase.CONNECT,
        )
        self._times = None
        self._uses.started(fact)
        self._submit(self._attempt)
        self._update_row(
            account=fact.email, mapped_model=fact.model, attempts=fact.number, ended_in=Phase.CONNECT
        )

    def _waited(self, name: str, seconds: float) -> None:
        before = self.row.diagnostics.get(name)
        self.diagnosed(name, milliseconds(seconds) + (before if isinstance(before, int) else 0))

    def _end_attempt(self, fact: AttemptEnded) -> None:
        failure, decision = fact.failure, fact.decision
        usage = counted(fact.heard, fact.usage, has_failed=failure is not None)
        if decision is not None and decision.queued_seconds:
            self._waited("queued_ms", decision.queued_seconds)
        self._update_attempt(
            **self._sent(),
            status=fact.upstream_status,
            phase=fact.phase,
            failure_kind=failure.recorded_as if failure else None,
            failure_text=failure.message if failure else None,
            strategy=decision.strategy if decision else None,
            delay_ms=milliseconds(decision.delay_seconds) if decision and decision.retry else None,
            rotate=decision.rotate if decision and decision.retry else None,
            heal=(decision.heal or None) if decision else None,
            end_ms=self._since_start(fact.at),
            **tokens_of(usage),
        )
        if self._attempt is not None:
            self._uses.ended(self._attempt, fact, usage, is_committed=self.row.first_data_ms is not None)
        if failure is not None and failure.upstream_request_id:
            self._update_attempt(upstream_request_id=failure.upstream_request_id)
        if failure is not None and not self.row.is_simulated:
            metrics.FAILED_ATTEMPTS.labels(failure.kind.value).inc()

    def _update_attempt(self, **changes: object) -> None:
        if self._attempt is not None:
            self._attempt = msgspec.structs.replace(self._attempt, **changes)
            self._submit(self._attempt)

    def _update_row(self, **changes: object) -> None:
        self.row = msgspec.structs.replace(self.row, **changes)
        self._submit(self._uses.so_far.on(self.row))

    def _sent(self) -> dict[str, int | None]:
        """When the attempt was connected and its headers came, as far as it did."""
        return self._times.milliseconds() if self._times else {}

    def _since_start(self, at: float) -> int:
        return milliseconds(at) - (self._attempt.started_offset_ms if self._attempt else 0)

    def _log(self, level: int, line: str) -> None:
        row = self.row
        names = {"request_id": row.id, "attempt": row.attempts or "-", "account": row.account or "-"}
        model = row.mapped_model or row.client_model or "-"
        logger.log(level, "%s", line, extra={**names, "model": model})
