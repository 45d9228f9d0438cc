"""The diagnosis: every outcome, every failure and every pitfall of the lesson has its sentence."""

from typing import Any

import pytest
from django.utils import translation

from monitor.diagnosis.advice import BEFORE_ANSWER, STATUS_AT_ADMISSION, WHAT_IT_DID
from monitor.diagnosis.diagnosis import Diagnosis, Severity, diagnose
from monitor.diagnosis.failure_causes import cause_of
from monitor.diagnosis.fell_back import WHY
from monitor.diagnosis.seams import NOT_CONTINUED
from monitor.record.failures.decision_words import Obstacle
from monitor.record.failures.failure_kinds import OF_A_CONVERSATION
from monitor.record.failures.failure_table import BY_WORD, Cause
from monitor.record.phrasing import Phrase
from monitor.record.records import AttemptRecord, EndedBy, Outcome, Phase, RequestRecord
from monitor.words.wording import as_html, as_text
from relay.engine.retrying.fallbacks import WHY_WORDS
from relay.neutral.failures import Failure, Kind
from relay.neutral.token_limit import TokenLimit


def row(**fields: Any) -> RequestRecord:
    """An exchange that ended well, but for ``fields``."""
    usual: dict[str, Any] = {
        "id": "0" * 32,
        "started_at": 1_795_000_000.0,
        "process_id": "p",
        "dialect": "anthropic",
        "method": "POST",
        "path": "/v1/messages",
        "client_key": "team",
        "client_model": "claude-sonnet-4-6",
        "in_flight": False,
        "outcome": Outcome.OK,
        "status": 200,
        "attempts": 1,
        "account": "b@x",
        "first_data_ms": 1200,
        "duration_ms": 4000,
        "ended_by": EndedBy.UPSTREAM,
        "ended_in": Phase.AFTER_STOP,
    }
    return RequestRecord(**{**usual, **fields})


def failed(kind: str | None, status: int | None = None, number: int = 1, **fields: Any) -> AttemptRecord:
    """An attempt on a@x that failed so (``None``: it did not)."""
    return AttemptRecord(
        **{
            "request_id": "0" * 32,
            "number": number,
            "account": "a@x",
            "account_kind": "anthropic",
            "upstream_model": "m",
            "started_offset_ms": 0,
            "failure_kind": kind,
            "status": status,
            **fields,
        }
    )


SERVED = failed(None, 200, 2, account="b@x")
ENDED = {"first_data_ms": None, "outcome": Outcome.ERROR}


def words(diagnosis: Diagnosis) -> tuple[str, str]:
    """The summary and the next step in English."""
    with translation.override("en"):
        return " ".join(map(as_text, diagnosis.summary)), as_text(diagnosis.next_step)


CASES: dict[str, tuple[RequestRecord, list[AttemptRecord], Severity, str, str]] = {
    "ok": (row(), [SERVED], Severity.GOOD, "b@x answered; first data after 1.2 s.", "Nothing to do."),
    "lesson: an empty stream that another account made good": (
        row(outcome=Outcome.RETRIED, attempts=2),
        [failed("empty", 200, rotate=True), SERVED],
        Severity.GOOD,
        "a@x answered 200 but ended before any data (0 tokens). Then b@x answered; first data",
        "Nothing to do.",
    ),
    "lesson: 0 tokens, and pressing retry": (
        row(**ENDED | {"outcome": Outcome.ZERO_TOKENS, "status": 502, "attempts": 3}),
        [failed("empty_stop", 200, n) for n in (1, 2, 3)],
        Severity.PROBLEM,
        "All 3 attempts answered 200 but ended before any data (0 tokens).",
        "pressing retry many times does not help",
    ),
    "lesson: an invalid signature, healed": (
        row(outcome=Outcome.HEALED, healed=True, attempts=2),
        [failed("status", 400, heal="strip"), SERVED],
        Severity.GOOD,
        "Upstream refused a thinking signature; the history was healed once and tried again. Then b@x",
        "no data to clear. If this repeats in one conversation, start a new one.",
    ),
    "a binding signature, healed by dropping": (
        row(outcome=Outcome.HEALED, healed=True, attempts=2),
        [failed("status", 400, heal="drop_block"), SERVED],
        Severity.GOOD,
        "asked to drop those blocks",
        "no data to clear",
    ),
    "lesson: an invalid signature that could not be healed": (
        row(**ENDED | {"status": 400, "attempts": 2}),
        [failed("signature", 400, heal="strip"), failed("signature", 400, 2)],
        Severity.PROBLEM,
        "refused the thinking signatures again after the history had been healed",
        "Clearing the data directory would not help",
    ),
    "a missing signature with nothing to heal": (
        row(**ENDED | {"status": 400}),
        [failed("missing_signature", None)],
        Severity.PROBLEM,
        "there was nothing in the history to heal",
        "Start a new conversation",
    ),
    "lesson: fluctuation of the service, made good": (
        row(outcome=Outcome.RETRIED, attempts=2),
        [failed("status", 503, rotate=False), SERVED],
        Severity.GOOD,
        "Upstream was overloaded (503); the account was kept",
        "Nothing to do.",
    ),
    "lesson: fluctuation of the service is no broken account": (
        row(**ENDED | {"status": 529, "attempts": 3}),
        [failed("error_event", 529, n) for n in (1, 2, 3)],
        Severity.PROBLEM,
        "Upstream was overloaded on all 3 attempts (529).",
        "No account is broken",
    ),
    "empty answers, and nobody else to ask": (
        row(**ENDED | {"outcome": Outcome.ZERO_TOKENS, "status": 502, "attempts": 3}),
        [failed("empty", 200, n, rotate=True) for n in (1, 2, 3)],
        Severity.PROBLEM,
        "ended before any data (0 tokens). No other account was free to be asked.",
        "The server has already retried",
    ),
    "quota everywhere": (
        row(**ENDED | {"status": 429, "attempts": 3}),
        [failed("status", 429, n) for n in (1, 2, 3)],
        Severity.PROBLEM,
        "All 3 attempts hit the quota of their account.",
        "add an account",
    ),
    "different failures, the last real status decides": (
        row(**ENDED | {"status": 500, "attempts": 3}),
        [failed("status", 503), failed("status", 500, 2), failed("empty", 200, 3)],
        Severity.PROBLEM,
        "All 3 attempts failed; the last: a@x answered 200 but ended",
        "look at the provider's status page",
    ),
    "two failures before the answer": (
        row(outcome=Outcome.RETRIED, attempts=3),
        [failed("status", 429), failed("network", None, 2), SERVED],
        Severity.GOOD,
        "2 attempts failed; the first: a@x had reached its quota (429).",
        "Nothing to do.",
    ),
    "an account's own 400": (
        row(**ENDED | {"status": 503}),
        [failed("account", 400)],
        Severity.PROBLEM,
        "did not accept the credential or billing of a@x",
        "Open Accounts",
    ),
    "the account's own 400, on every account": (
        row(**ENDED | {"status": 503, "attempts": 3}),
        [failed("account", 400, n, account=f"{n}@x") for n in (1, 2, 3)],
        Severity.PROBLEM,
        "All 3 attempts were refused for the credential or billing of their account.",
        "Open Accounts",
    ),
    "money used up, which upstream calls a 429": (
        row(**ENDED | {"status": 503, "attempts": 2}),
        [failed("account", 429, n) for n in (1, 2)],
        Severity.PROBLEM,
        "All 2 attempts were refused for the credential or billing",
        "settle its billing",
    ),
    "an ordinary 400 behind a healed signature": (
        row(**ENDED | {"status": 400, "attempts": 2}),
        [failed("signature", 400, heal="strip"), failed("status", 400, 2)],
        Severity.PROBLEM,
        "Upstream refused the request itself (400).",
        "Change the request as the error says",
    ),
    "a context that is too long": (
        row(**ENDED | {"status": 400, "attempts": 1}),
        [failed("too_long_context", 400)],
        Severity.PROBLEM,
        "The request is longer than the context of the model of",
        "Compact the conversation, or start a new one",
    ),
    "more output than the model can give": (
        row(**ENDED | {"status": 400, "attempts": 1}),
        [failed("output_limit", 400)],
        Severity.PROBLEM,
        "asks for more output than the model of",
        "Lower the limit of output tokens in the client",
    ),
    "the limit of tokens": (
        row(stop_reason="max_tokens", tokens_out=64, tokens_thinking=10),
        [SERVED],
        Severity.GOOD,
        "The answer ended at its limit of tokens.",
        "give the request a higher limit",
    ),
    "the limit of tokens, all of them thought": (
        row(stop_reason="max_tokens", tokens_out=64, tokens_thinking=64),
        [SERVED],
        Severity.NOTICE,
        "used all its tokens for thinking, and said nothing",
        "give the request a higher limit",
    ),
    "a detour that cost the cache": (
        row(cached_tokens_lost=9000),
        [SERVED],
        Severity.GOOD,
        "9000 tokens cached on another account were sent as new.",
        "Nothing",
    ),
    "continued": (
        row(outcome=Outcome.CONTINUED, continued=True, seams=(80,)),
        [failed("cut", None, first_data_ms=200), failed(None, 200, 2, account="b@x", first_data_ms=150)],
        Severity.GOOD,
        "The stream broke off behind 80 characters, and b@x continued it; the client saw one answer.",
        "Nothing to do.",
    ),
    "continued: who began the answer is told": (
        row(outcome=Outcome.CONTINUED, continued=True, seams=(80,), account="c@x"),
        [
            failed("empty", 200),
            failed("cut", None, 2, account="b@x", first_data_ms=200),
            failed(None, 200, 3, account="c@x", first_data_ms=150),
        ],
        Severity.GOOD,
        "Then b@x answered; first data after",
        "Nothing to do.",
    ),
    "continued twice": (
        row(outcome=Outcome.CONTINUED, continued=True, seams=(80, 120)),
        [
            failed("cut", None, first_data_ms=200),
            failed("cut", None, 2, account="b@x", first_data_ms=200),
            failed(None, 200, 3, account="c@x", first_data_ms=150),
        ],
        Severity.GOOD,
        "a@x answered; first data after 1.2 s. The stream broke off and was continued 2 times;",
        "Nothing to do.",
    ),
    "continued as often as it may be": (
        row(
            **ENDED | {"outcome": Outcome.INTERRUPTED, "status": 200, "first_data_ms": 200},
            continued=True,
            seams=(80,),
            diagnostics={"not_continued": "it was continued twice already"},
        ),
        [
            failed("cut", None, first_data_ms=200),
            failed("status", 500, 2, account="b@x"),
            failed("cut", None, 3, account="c@x", first_data_ms=200),
        ],
        Severity.PROBLEM,
        "Two continuations had been made, and there are no more. The client was told",
        "Send it again",
    ),
    "continued, and then no more": (
        row(
            **ENDED | {"outcome": Outcome.INTERRUPTED, "status": 200, "first_data_ms": 200},
            continued=True,
            seams=(109, 229),
            diagnostics={"not_continued": "the text was whole"},
        ),
        [failed("cut", None, first_data_ms=200), failed("cut", None, 2, account="b@x", first_data_ms=200)],
        Severity.PROBLEM,
        "It had been continued (times: 2). It was not continued: upstream had closed the text",
        "Send it again. Its mapping continues what breaks off already",
    ),
    "not continued": (
        row(
            **ENDED | {"outcome": Outcome.INTERRUPTED, "status": 200, "first_data_ms": 200},
            diagnostics={"not_continued": "a tool call was sent"},
        ),
        [failed("cut", None, first_data_ms=200)],
        Severity.PROBLEM,
        "It was not continued: a tool call had been sent. The client was told",
        "Send it again",
    ),
    "nobody to continue": (
        row(
            **ENDED | {"outcome": Outcome.INTERRUPTED, "status": 200, "first_data_ms": 200},
            diagnostics={"not_continued": "All accounts are cooling down."},
        ),
        [failed("cut", None, first_data_ms=200)],
        Severity.PROBLEM,
        "no account was free to continue it",
        "Send it again",
    ),
    "thinking only": (
        row(outcome=Outcome.THINKING_ONLY),
        [SERVED],
        Severity.NOTICE,
        "thought, but said nothing",
        "Ask again",
    ),
    "nothing to add": (
        row(diagnostics={"said_nothing": True}),
        [SERVED],
        Severity.GOOD,
        "Behind the results of its tools the model had nothing to add, and ended its turn.",
        "Nothing to do",
    ),
    "refused": (
        row(outcome=Outcome.REFUSED),
        [SERVED],
        Severity.NOTICE,
        "safety filter refused",
        "Word the request differently",
    ),
    "cut": (
        row(outcome=Outcome.INTERRUPTED),
        [failed("cut", 200)],
        Severity.PROBLEM,
        "broke off in the middle of the answer, after 4.0 s. The client was told with an error event",
        "Send it again",
    ),
    "an error of an unknown kind after the commit": (
        row(outcome=Outcome.INTERRUPTED),
        [failed("something new", None)],
        Severity.PROBLEM,
        "broke off in the middle",
        "Send it again",
    ),
    "the server's process died": (
        row(outcome=Outcome.INTERRUPTED, ended_by=EndedBy.PROXY, first_data_ms=None),
        [failed("status", 503), failed(None, None, 2)],
        Severity.PROBLEM,
        "The server stopped before the request was finished.",
        "its log says why",
    ),
    "interrupted before the first data": (
        row(outcome=Outcome.INTERRUPTED, ended_by=EndedBy.PROXY, first_data_ms=None),
        [failed("draining", None)],
        Severity.PROBLEM,
        "The server was going down while a@x was asked.",
        "Send it again when the server is back.",
    ),
    "the client went in the middle": (
        row(outcome=Outcome.CLIENT_CLOSED),
        [SERVED],
        Severity.NOTICE,
        "in the middle of the answer, after 4.0 s",
        "pressed stop",
    ),
    "the client went before data": (
        row(outcome=Outcome.CLIENT_CLOSED, first_data_ms=None, ended_in=Phase.PEEK),
        [failed("empty", 200)],
        Severity.NOTICE,
        "before the first data came",
        "raise its timeout",
    ),
    "the client went in the queue": (
        row(outcome=Outcome.CLIENT_CLOSED, first_data_ms=None, ended_in=Phase.ADMISSION, attempts=0),
        [],
        Severity.NOTICE,
        "before an account was asked",
        "add one",
    ),
    "in flight": (
        row(in_flight=True, outcome=None, status=None, first_data_ms=None),
        [failed("empty", 200)],
        Severity.GOOD,
        "Under way: attempt 1, on b@x.",
        "Wait",
    ),
    "just admitted": (
        row(in_flight=True, outcome=None, attempts=0),
        [],
        Severity.GOOD,
        "an account is being chosen",
        "Wait",
    ),
    "streaming": (row(in_flight=True, outcome=None), [], Severity.GOOD, "Streaming: b@x sent", "Wait"),
    "a refused key": (
        row(**ENDED | {"outcome": Outcome.UNAUTHORIZED, "status": 401, "attempts": 0}),
        [],
        Severity.PROBLEM,
        "The client key was missing or not valid",
        "Client keys",
    ),
    "a key whose time is over": (
        row(**ENDED | {"outcome": Outcome.KEY_EXPIRED, "status": 401, "attempts": 0}),
        [],
        Severity.NOTICE,
        "has expired",
        "later end",
    ),
    "what a key may not do": (
        row(**ENDED | {"outcome": Outcome.NOT_ALLOWED, "status": 403, "attempts": 0, "error": "Not this."}),
        [],
        Severity.NOTICE,
        "Not this.",
        "the key's own limit",
    ),
    "a key that has asked for as much as it may": (
        row(**ENDED | {"outcome": Outcome.RATE_LIMITED, "status": 429, "attempts": 0, "error": "At 5."}),
        [],
        Severity.NOTICE,
        "At 5.",
        "Wait",
    ),
    "a spent budget": (
        row(**ENDED | {"outcome": Outcome.OVER_BUDGET, "status": 429, "attempts": 0, "error": "At 6."}),
        [],
        Severity.NOTICE,
        "At 6.",
        "budget",
    ),
    "an unknown model": (
        row(**ENDED | {"status": 404, "attempts": 0}),
        [],
        Severity.PROBLEM,
        "No account offers claude-sonnet-4-6",
        "map it under Mappings",
    ),
    "a failure of ours at admission": (
        row(**ENDED | {"status": 500, "attempts": 0}),
        [],
        Severity.PROBLEM,
        "This server itself failed",
        "log lines",
    ),
}


def test_it_says_what_happened_and_what_to_do(subtests: pytest.Subtests) -> None:
    """Each outcome, and each row of the lesson's table of pitfalls, in a sentence or two and a step."""
    for name in CASES:
        with subtests.test(f"{name!r:.120}"):
            exchange, attempts, severity, summary, next_step = CASES[name]
            diagnosis = diagnose(exchange, attempts)
            said, step = words(diagnosis)
            assert diagnosis.severity is severity
            assert summary in said
            assert next_step in step
            assert 1 <= len(diagnosis.summary) <= 3


def test_every_outcome_has_a_case() -> None:
    """No outcome is left to chance."""
    assert {exchange.outcome for exchange, *_ in CASES.values()} == {None, *Outcome}


def test_every_failure_has_words_that_are_whole(subtests: pytest.Subtests) -> None:
    """Whatever failed, and whatever became of it, each place in the sentences is filled."""
    for kind in Kind:
        for status in [None, 200, 400, 401, 402, 403, 404, 408, 429, 500, 502, 503, 504, 529]:
            for outcome in [Outcome.ERROR, Outcome.INTERRUPTED, Outcome.RETRIED]:
                with subtests.test(f"{kind, status, outcome!r:.120}"):
                    for count in (1, 3):
                        attempts = [failed(kind.value, status, number) for number in range(1, count + 1)]
                        said, step = words(diagnose(row(outcome=outcome, attempts=count), attempts))
                        assert said
                        assert step
                        assert "%(" not in said + step


def test_every_kind_of_failure_of_the_relay_is_known() -> None:
    """A new kind of failure needs its words: none falls through to "failed"."""
    words = {
        Failure(
            kind,
            "",
            400,
            account_fault=account,
            is_signature=signature,
            names_missing_thing=missing,
            refused_parameter=refused,
            limit=limit,
        ).recorded_as
        for kind in Kind
        for account in (False, True)
        for signature in (False, True)
        for missing in (False, True)
        for refused in ("", "stream_options")
        for limit in (None, TokenLimit("both"), TokenLimit("output"))
    }
    assert set(BY_WORD) | {"status"} == words
    assert set(WHAT_IT_DID) == set(BEFORE_ANSWER) == set(Cause)
    assert cause_of(failed("hitherto unheard of")) is Cause.OTHER


@pytest.mark.parametrize("status", STATUS_AT_ADMISSION)
def test_every_refusal_at_admission_says_that_nobody_was_asked(status: int) -> None:
    """A request that no account was asked for tells the reader what to set right."""
    said, step = words(diagnose(row(**ENDED | {"status": status, "attempts": 0}), []))
    assert said
    assert step


def test_a_quota_names_the_moment_when_it_is_over() -> None:
    """``Retry-After`` counts from the end of the answer; the page shows it in the reader's zone."""
    exchange = row(**ENDED | {"status": 429, "attempts": 1, "duration_ms": 4000})
    diagnosis = diagnose(exchange, [failed("status", 429)], retry_after_seconds=56)
    assert "The first is free again at" in words(diagnosis)[0]
    assert 'datetime="2026-11-18T' in str(as_html(diagnosis.summary[-1]))


def test_what_is_filled_in_cannot_be_markup() -> None:
    """An account or a model may be called anything, and is shown as text."""
    exchange = row(account="<b>&\u202e", outcome=Outcome.OK)
    html = str(as_html(diagnose(exchange, []).summary[0]))
    assert "&lt;b&gt;&amp;\\u202e" in html


def test_every_sentence_is_translated_into_japanese() -> None:
    """The lesson is there in English and Japanese, and so is what the pages say."""
    with translation.override("ja"):
        for name, (exchange, attempts, *_) in CASES.items():
            diagnosis = diagnose(exchange, attempts)
            for phrase in (*diagnosis.summary, diagnosis.next_step):
                assert any(ord(sign) > 0x3000 for sign in as_text(phrase)), f"{name}: {phrase.message}"
        for table in (WHAT_IT_DID.values(), (text for pair in BEFORE_ANSWER.values() for text in pair)):
            for message in table:
                values = {"account": "a", "status": 1, "count": 2}
                assert any(ord(sign) > 0x3000 for sign in as_text(Phrase(message, values))), message


def test_a_spent_retry_budget_is_why_there_was_no_retry() -> None:
    """One attempt where three are usual: the reason is told."""
    exchange = row(**ENDED | {"status": 500, "attempts": 1})
    said, step = words(diagnose(exchange, [failed("status", 500, strategy="retry budget spent")]))
    assert "It was not tried again: too many retries were under way (retry budget)." in said
    assert step.startswith("Wait a little and send it again")


def test_the_wait_for_a_turn_is_told() -> None:
    """It explains a long silence, whether the exchange succeeded or not."""
    failures = [failed("status", 500, strategy="linear backoff")]
    waited = {"queued_ms": 4500}
    for exchange in (
        row(attempts=2, diagnostics=waited),
        row(**ENDED | {"status": 500, "attempts": 2, "diagnostics": waited}),
    ):
        said, _ = words(diagnose(exchange, failures))
        assert "Retries waited 4.5 s for their turn: many failed on that upstream." in said
    quick, _ = words(diagnose(row(attempts=2), failures))
    assert "for their turn" not in quick


def test_an_upstream_that_is_left_alone_is_told() -> None:
    """A client that was turned away, and one whose retry waited until the upstream was tried again."""
    away = row(**ENDED | {"status": 503, "attempts": 0, "diagnostics": {"upstream_resting": True}})
    said, step = words(diagnose(away, []))
    assert "fails nearly always and was left alone for a while; nobody was asked." in said
    assert step.startswith("Wait a little and send it again: it is tried again by itself.")
    waited, _ = words(diagnose(row(attempts=2, diagnostics={"rested_ms": 6000}), [failed("status", 500)]))
    assert "Retries waited 6.0 s while an upstream that fails nearly always was left alone." in waited


def test_a_group_that_nobody_could_serve_is_named() -> None:
    """Whether it is empty or exhausted; that nobody outside was asked is no accident."""
    for status, says in (
        (503, "No account of its groups (team, b) could be used"),
        (429, "was cooling down"),
    ):
        refused = row(**ENDED | {"status": status, "attempts": 0, "diagnostics": {"groups": "team, b"}})
        said, _ = words(diagnose(refused, []))
        assert says in said
        assert "(team, b)" in said
        assert "nobody outside was asked." in said


def test_every_reason_not_to_continue_has_its_sentence() -> None:
    """Whatever the relay puts on record, where a mapping continues and an answer is streamed."""
    silent = {Obstacle.SWITCHED_OFF, Obstacle.COLLECTED}
    assert set(NOT_CONTINUED) == set(Obstacle) - silent


def test_why_another_model_was_asked_is_told() -> None:
    """Each reason to fall back has its sentence, with the model that was asked, on success and on failure."""
    assert set(WHY) == set(WHY_WORDS)
    for why in WHY:
        told = {"fell_back_on": why}
        assert "fell back to small" in words(diagnose(row(mapped_model="small", diagnostics=told), []))[0]
    lost = row(
        outcome=Outcome.ERROR, status=503, mapped_model="small", diagnostics={"fell_back_on": "overload"}
    )
    assert "overloaded: it fell back to small" in words(diagnose(lost, [failed("status", 503)]))[0]


def test_a_conversations_limit_is_not_its_keys_budget() -> None:
    """The diagnosis names the conversation, and the key or mapping whose limit it is."""
    said = f"The mapping 'claude-*' allows 5 turns {OF_A_CONVERSATION}, and this one has had them."
    told = words(diagnose(row(outcome=Outcome.OVER_BUDGET, status=429, error=said, attempts=0), []))
    assert told[0].startswith("The conversation has had what it may within an hour")
    assert "raise the limit of its key or mapping" in told[1]
