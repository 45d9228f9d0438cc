"""The same faults for an answer that is one JSON document: what a stream's fault means there."""

from collections.abc import Iterable

import msgspec

from relay.simulator.connection.stream_steps import Framing, HttpAnswer, Step, StreamAct, Wait, document
from relay.simulator.faults.faults import Fault
from relay.simulator.faults.refusals import named_error
from relay.simulator.faults.spoiled_streams import compressed, dripping

_WHITE_SPACE = b" \r\n"
_HALVED = ("cut", "cut_inside_event", "cut_inside_character", "cut_in_tool")


def document_answer(fault: Fault, headers: dict[str, str], body: bytes, dialect: str) -> HttpAnswer:
    """The answer that sends ``body`` as ``fault`` wants it. Raises Refused for an ordered error object."""
    headers = headers | {"Content-Type": "application/json; charset=utf-8"}
    half = body[: len(body) // 2]
    whole: tuple[Step, ...] = (StreamAct.HEAD, body, StreamAct.END)
    match fault.name:
        case name if name in _HALVED:
            return HttpAnswer(200, headers, (StreamAct.HEAD, half, StreamAct.CUT), Framing.LENGTH, len(body))
        case "cut_at_byte":
            sent = body[: int(fault.number(0))]
            return HttpAnswer(200, headers, (StreamAct.HEAD, sent, StreamAct.CUT), Framing.LENGTH, len(body))
        case "reset" | "reset_after_headers":
            sent = half if fault.name == "reset" else b""
            return HttpAnswer(
                200, headers, (StreamAct.HEAD, sent, Wait(0.02), StreamAct.RESET), Framing.LENGTH, len(body)
            )
        case "end" | "no_finish":
            return document(200, headers, half)
        case "empty":
            return document(200, headers, b"")
        case "empty_json":
            return document(200, headers, b"{}")
        case "comments":
            return document(200, headers, _WHITE_SPACE * int(fault.number(3)))
        case "pings_forever":
            return HttpAnswer(200, headers, _forever(fault.number(0.05)))
        case "stall" | "thinking_stall":
            wait = Wait(fault.number(0) or None)
            return HttpAnswer(
                200, headers, (StreamAct.HEAD, wait, body, StreamAct.END), Framing.LENGTH, len(body)
            )
        case "error_event":
            raise named_error(fault.value, dialect)
        case "garbage":
            return document(200, headers, b'["no", "object"]' if fault.value == "object" else half)
        case "after_terminal":
            return document(200, headers, body + b"and more junk")
        case "close_delimited":
            return HttpAnswer(200, headers, whole, Framing.CLOSE)
        case "slow_drip":
            return HttpAnswer(200, headers, dripping(whole, fault.number(0)), Framing.LENGTH, len(body))
        case "gzip":
            return HttpAnswer(200, headers | {"Content-Encoding": "gzip"}, compressed(whole))
        case "wrong_content_type":
            return document(200, headers | {"Content-Type": "text/plain; charset=utf-8"}, body)
        case "crlf" | "cr" | "multi_line_data":
            end = {"crlf": b"\r\n", "cr": b"\r", "multi_line_data": b"\n"}[fault.name]
            return document(200, headers, msgspec.json.format(body, indent=1).replace(b"\n", end))
        case _:
            return document(200, headers, body)


def _forever(seconds: float) -> Iterable[Step]:
    yield StreamAct.HEAD
    while True:
        yield _WHITE_SPACE
        yield Wait(seconds)
