"""The judge of a campaign over several hosts finds each thing that is not kept, and nothing else."""

import json

from relay.simulator.ledger import Received
from tests.soak.several_hosts.several import Said, Talk
from tests.soak.several_hosts.several_judge import (
    back_at,
    is_all_written,
    late_back,
    moved,
    passed_limits,
    unkept_contract,
    unsigned,
    wrong_rows,
)

BEGAN_MS = 1_790_000_000_000


def request_id(seconds: float) -> str:
    """Of a request that was made so long after the beginning."""
    return f"{BEGAN_MS + int(seconds * 1000):012x}" + "7" + "0" * 19


def talk(number: int, *moments: float, faulty: bool = False) -> Talk:
    """A conversation with whole answers at those moments."""
    return Talk(number, faulty, [Said(request_id(at), 200, "whole", "") for at in moments])


def row(at: float, account: str = "a", *, in_flight: bool = False) -> dict[str, object]:
    return {"id": request_id(at), "account": account, "process_id": "p", "in_flight": in_flight}


def received(
    account: str, began: float, ended: float, body: bytes = b"{}", by: str = "simulator"
) -> Received:
    return Received(
        1, "POST", "/v1/models/m:streamGenerateContent", "", {}, body, account, began,
        headers_at=began + 1, ended_at=ended, ended_by=by,
    )  # fmt: skip


def test_an_answer_is_whole_or_ends_as_promised() -> None:
    """What was struck in the middle ends with an error event; anything else is whole."""
    kept = [Said("x", 200, "whole", "cut, ok"), Said("x", 200, "error event", "reset@3, ok")]
    broken = [
        Said("x", 200, "error event", ""),
        Said("x", 200, "whole", "reset@3, ok"),
        Said("x", 503, "whole", ""),
        Said("x", 200, "cut", ""),
    ]
    assert unkept_contract([Talk(1, False, kept)]) == []
    assert len(unkept_contract([Talk(1, False, broken)])) == len(broken)


def test_each_request_has_one_row() -> None:
    """One that is missing, too many, of nobody, or left open is told."""
    talks = [talk(1, 0, 1)]
    assert wrong_rows(talks, [row(0), row(1)]) == []
    assert "of no row" in wrong_rows(talks, [row(0)])[0]
    assert "of no request" in wrong_rows(talks, [row(0), row(1), row(2)])[0]
    assert "2 times" in wrong_rows(talks, [row(0), row(1), row(1)])[0]
    assert "still open" in wrong_rows(talks, [row(0), row(1, in_flight=True)])[0]


def test_it_waits_for_the_last_rows() -> None:
    """For one that is missing as for one that is open; not for one that nobody asked for."""
    asked = [talk(7, 1, 2)]
    assert not is_all_written(asked, [row(1)])
    assert not is_all_written(asked, [row(1), row(2, in_flight=True)])
    assert is_all_written(asked, [row(1), row(2)])
    assert is_all_written(asked, [row(1), row(2), row(3)])


def test_a_conversation_keeps_its_account() -> None:
    """One that moved is told with the moment; not one with faults, nor one asked while Redis was away."""
    rows = [row(1), row(2, "b"), row(3)]
    [told] = moved([talk(7, 1, 2, 3)], rows, (0.0, 0.0), BEGAN_MS)
    assert "conversation 7 moved" in told
    assert "b at 2.0 s in p" in told
    assert moved([talk(7, 1, 2, 3, faulty=True)], rows, (0.0, 0.0)) == []
    assert moved([talk(7, 1, 2, 3)], rows, (BEGAN_MS + 1500, BEGAN_MS + 2500)) == []
    assert moved([talk(7, 1, 2, 3)], rows, (BEGAN_MS + 9000, BEGAN_MS + 9500)) != []
    assert moved([talk(7, 1, 3)], rows, (0.0, 0.0)) == []
    said = {"stand_in": "b stood in for a: all its slots are in use"}
    others = [row(1.9) | {"id": f"{request_id(1.9)[:-1]}{n}", "duration_ms": 500} for n in range(3)]
    full = [row(1), row(2, "b") | said, row(3), *others]
    assert moved([talk(7, 1, 2, 3)], full, (0.0, 0.0), BEGAN_MS, 3) == []
    assert len(moved([talk(7, 1, 2, 3)], full, (0.0, 0.0), BEGAN_MS, 8)) == 1
    assert (
        len(moved([talk(7, 1, 2, 3)], [row(1), row(2, "b"), row(3), *others], (0.0, 0.0), BEGAN_MS, 3)) == 1
    )


def test_a_call_goes_up_signed() -> None:
    """One without its signature is told, and so is a campaign in which no signed one was seen."""

    def asked(signature: str) -> Received:
        parts = [{"text": "Turn 3"}, {"functionCall": {"name": "weather"}, "thoughtSignature": signature}]
        return received("a", 5, 6, json.dumps({"contents": [{"parts": parts}]}).encode())

    assert unsigned([asked("s" * 60)]) == []
    assert "a at 4.0 s: 1 of 1 calls unsigned" in unsigned([asked("s" * 60), asked("")], 1)[0]
    assert len(unsigned([asked("skip_thought_signature_validator" + "s" * 60), asked("s" * 60)])) == 1
    assert "no signed call went up" in unsigned([])[0]


def test_a_limit_is_not_passed() -> None:
    """Requests at once are counted by account; one that this side broke off counts until its headers."""
    assert passed_limits([received("a", 0, 5), received("a", 5, 9), received("b", 1, 2)], 1) == []
    assert passed_limits([received("a", 0, 5), received("a", 3, 9)], 1) == [
        "a served 2 at once, 1 is its limit"
    ]
    assert passed_limits([received("a", 0, 5, by="client"), received("a", 3, 9)], 1) == []


def test_counting_begins_again_in_time() -> None:
    """What the hosts' logs say of Redis' return is read, and the last of them is what counts."""
    where = "[-] accounts.processes.shared_slots:"
    log = (
        f"2026-11-30 08:48:12.237+00:00 WARNING {where} Redis is away (TimeoutError)\n"
        f"2026-11-30 08:48:16.500+00:00 INFO    {where} Redis is back: in-flight limits are counted again\n"
    )
    [moment] = back_at(log)
    assert late_back([moment], moment - 5, 7) == []
    assert late_back([moment, moment + 5], moment - 5, 7) == [
        "a process counted again 10.0 s after Redis was back"
    ]
    assert late_back([], moment, 7) == []
