"""The attempts of an exchange on one time axis."""

from monitor.diagnosis.timeline import next_accounts, timeline
from monitor.record.records import AttemptRecord, Outcome, RequestRecord


def test_the_timeline_has_every_phase_where_it_was() -> None:
    """Spans follow each other in percent of the whole, waits included."""
    row = RequestRecord(
        id="0", started_at=0, process_id="p", dialect="gemini", method="POST", path="/", in_flight=False,
        outcome=Outcome.RETRIED, duration_ms=1000,
    )  # fmt: skip
    first = AttemptRecord(
        request_id="0", number=1, account="a", account_kind="k", upstream_model="m", started_offset_ms=0,
        headers_ms=100, end_ms=200, failure_kind="empty", delay_ms=300,
    )  # fmt: skip
    second = AttemptRecord(
        request_id="0", number=2, account="a", account_kind="k", upstream_model="m", started_offset_ms=500,
        headers_ms=100, first_data_ms=200, end_ms=500,
    )  # fmt: skip
    bars = timeline(row, [first, second], next_accounts([first, second]))
    assert [[(span.phase, span.left, span.width) for span in bar.spans] for bar in bars] == [
        [("headers", "0.000", "10.000"), ("peek", "10.000", "10.000"), ("wait", "20.000", "30.000")],
        [("headers", "50.000", "10.000"), ("peek", "60.000", "10.000"), ("stream", "70.000", "30.000")],
    ]


def test_the_timeline_says_where_an_answer_was_continued() -> None:
    """Each seam stands at the attempt that spoke behind it; one that said nothing has none."""
    row = RequestRecord(
        id="0", started_at=0, process_id="p", dialect="gemini", method="POST", path="/", in_flight=False,
        outcome=Outcome.CONTINUED, duration_ms=1000, continued=True, seams=(80,),
    )  # fmt: skip

    def attempt(number: int, first_data_ms: int | None) -> AttemptRecord:
        return AttemptRecord(
            request_id="0", number=number, account="a", account_kind="k", upstream_model="m",
            started_offset_ms=0, first_data_ms=first_data_ms,
        )  # fmt: skip

    tried = [attempt(1, None), attempt(2, 5), attempt(3, None), attempt(4, 5)]
    assert [bar.seam for bar in timeline(row, tried, next_accounts(tried))] == [None, None, None, 80]


def test_a_rotation_is_told_only_where_another_account_was_asked() -> None:
    """``rotate`` is what was decided; where no other account was free, the same one was asked again."""

    def attempt(number: int, account: str, kind: str = "k", rotate: bool | None = True) -> AttemptRecord:
        return AttemptRecord(
            request_id="0", number=number, account=account, account_kind=kind, upstream_model="m",
            started_offset_ms=0, rotate=rotate,
        )  # fmt: skip

    tried = [attempt(1, "a"), attempt(2, "b"), attempt(3, "b"), attempt(4, "b", "other", False)]
    tried.append(attempt(5, "b", "other", None))
    assert next_accounts(tried) == ["another", "only one left", "another", "same", ""]
    assert next_accounts([]) == []
