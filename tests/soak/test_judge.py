"""The judge of a campaign knows each class of bad answer when it sees it, in bytes as a client gets them."""

import json
from typing import Any, get_args

import pytest
from google.genai.types import GenerateContentResponse

from proxyproject.faultlab.contract import CONTRACTS
from proxyproject.faultlab.reading import read
from relay.simulator.model.prose import answer_text, text_segments
from tests.soak.judge import BAD, TOLD, Received, Verdict, verdict, whole_text
from tests.soak.plan import Exchange, Strike


def exchange(fault: str = "", *, is_stream: bool = True) -> Exchange:
    """An exchange of an OpenAI client; struck by ``fault``, the prompt differs and so does the text."""
    strikes = tuple(Strike(row.spec, row) for row in CONTRACTS if row.spec == fault)[:1]
    return Exchange(7, "openai", "openai", is_stream, 5, strikes, None)


def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
    return "data: " + json.dumps({"choices": [{"delta": delta, "finish_reason": finish}]}) + "\n\n"


def said(one: Exchange, first: int = 0, last: int = 5) -> str:
    return "".join(chunk({"content": text}) for text in text_segments(one.prompt, one.shape)[first:last])


STOP = chunk({}, "stop")
DONE = "data: [DONE]\n\n"
ERROR = 'data: {"error": {"type": "server_error", "message": "It broke."}}\n\n'
PLAIN = exchange()
TOOL = exchange("cut_in_tool")
CALL = {"index": 0, "id": "a", "function": {"name": "weather", "arguments": '{"city": '}}
CALLING = chunk({"content": whole_text(TOOL)}) + chunk({"tool_calls": [CALL]})
REST = {"index": 0, "function": {"arguments": '"Bern"}'}}
JUNK = "data: {junk\n\n"
OTHERS = said(Exchange(8, "openai", "openai", True, 5, (), None))


def test_what_a_client_was_streamed(subtests: pytest.Subtests) -> None:
    """Each way for a stream to be good, honest or bad has its name, whoever served it."""
    for name, one, body, way in [
        ("whole", PLAIN, said(PLAIN) + STOP + DONE, "complete"),
        ("whole", PLAIN, said(PLAIN) + STOP, "complete"),
        ("whole", PLAIN, said(PLAIN) + STOP + DONE + JUNK + "and more", "complete"),
        ("whole", PLAIN, said(PLAIN) + STOP + DONE, "dropped"),
        ("whole", exchange("safety@2"), said(exchange("safety@2"), 0, 2) + STOP + DONE, "complete"),
        ("whole", TOOL, CALLING + chunk({"tool_calls": [REST]}) + STOP + DONE, "complete"),
        ("error event", PLAIN, said(PLAIN, 0, 3) + ERROR, "complete"),
        ("error event", PLAIN, said(PLAIN, 0, 3) + ERROR + DONE, "complete"),
        ("error event", PLAIN, said(PLAIN, 0, 3) + chunk({}, "upstream_error") + DONE, "complete"),
        ("dropped", PLAIN, said(PLAIN, 0, 3), "dropped"),
        ("dropped", PLAIN, said(PLAIN, 0, 3) + 'data: {"choi', "dropped"),
        ("hung", PLAIN, said(PLAIN, 0, 3), "hung"),
        ("hung", PLAIN, ": ping\n\n", "hung"),
        ("whole", PLAIN, said(PLAIN) + STOP + DONE, "hung"),
        ("truncated", PLAIN, said(PLAIN, 0, 3), "complete"),
        ("truncated", PLAIN, said(PLAIN), "complete"),
        ("pretended", PLAIN, said(PLAIN, 0, 3) + STOP + DONE, "complete"),
        ("pretended", PLAIN, said(PLAIN, 0, 3) + STOP, "complete"),
        ("pretended", TOOL, CALLING + STOP + DONE, "complete"),
        ("empty", PLAIN, "", "complete"),
        ("empty", PLAIN, ": ping\n\n", "complete"),
        ("empty", PLAIN, STOP + DONE, "complete"),
        ("lost or doubled", PLAIN, said(PLAIN, 1) + STOP + DONE, "complete"),
        ("lost or doubled", PLAIN, said(PLAIN) + said(PLAIN, 4) + STOP + DONE, "complete"),
        ("lost or doubled", PLAIN, said(PLAIN, 0, 2) + said(PLAIN, 3) + ERROR, "complete"),
        ("mixed", PLAIN, said(PLAIN, 0, 3) + OTHERS + STOP + DONE, "complete"),
        ("unreadable", PLAIN, said(PLAIN, 0, 3) + JUNK + said(PLAIN, 3) + STOP + DONE, "complete"),
        ("unreadable", PLAIN, "<html><body>Please sign in</body></html>", "complete"),
    ]:
        with subtests.test(f"{name, one, body, way!r:.120}"):
            raw = body.encode()
            answer = read("openai", True, 200, raw, is_complete=way == "complete")
            assert verdict(one, Received(way, answer, len(raw)))[0] == name


def document(text: str | None, finish: str | None) -> str:
    return json.dumps({"choices": [{"message": {"content": text}, "finish_reason": finish}]})


WANTED = exchange(is_stream=False)
TEXT = answer_text(WANTED.prompt, WANTED.shape)


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("whole", 200, document(TEXT, "stop")),
        ("pretended", 200, document(TEXT[:40], "stop")),
        ("truncated", 200, document(TEXT[:40], None)),
        ("empty", 200, document(None, "stop")),
        ("empty", 200, ""),
        ("lost or doubled", 200, document(TEXT[1:], "stop")),
        ("unreadable", 200, "<html></html>"),
        ("unreadable", 200, "{}"),
        ("status", 502, '{"error": {"type": "x", "message": "All failed."}}'),
        ("status", 502, "<html></html>"),
    ],
)
def test_what_a_client_was_given_at_once(name: Verdict, status: int, body: str) -> None:
    """A collected answer is judged by the same names; an error status is one, whatever its body."""
    answer = read("openai", False, status, body.encode(), is_complete=True)
    assert verdict(WANTED, Received("complete", answer, len(body)))[0] == name


@pytest.mark.parametrize(("name", "received"), [
    ("hung", Received("hung")),
    ("left", Received("left", None, 100)),
    ("dropped", Received("dropped")),
])  # fmt: skip
def test_no_answer_at_all(name: Verdict, received: Received) -> None:
    """What never ended, what the client did not wait for, and a connection that was closed unanswered."""
    assert verdict(PLAIN, received)[0] == name


def test_every_verdict_is_told_or_bad() -> None:
    """No verdict is left out of the table."""
    assert {*TOLD, *BAD} == set(get_args(Verdict))


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_one_large_event_is_not_a_lost_one(cut: int) -> None:
    """The fault that puts a large event into the text is known, wherever the text is then cut."""
    one = exchange("big_event=2000000")
    first, *others = text_segments(one.prompt, one.shape)
    body = chunk({"content": first}) + chunk({"content": ("big 大きい " * 20)[: 140 - cut]})
    rest = "".join(chunk({"content": text}) for text in others)
    for told, ending in (("truncated", ""), ("error event", ERROR)):
        answer = read("openai", True, 200, (body + ending).encode(), is_complete=True)
        assert verdict(one, Received("complete", answer, 1))[0] == told
    answer = read("openai", True, 200, (body + rest + STOP + DONE).encode(), is_complete=True)
    assert verdict(one, Received("complete", answer, 1))[0] == "whole"


@pytest.mark.parametrize("is_stream", [True, False])
def test_a_null_of_geminis_is_nothing(is_stream: bool) -> None:
    """google-genai takes null in any field's place, and hears nothing in it."""
    parts = [{"text": None}, {"text": None, "thought": True}, {"functionCall": None}, {"text": "said"}]
    call = {"functionCall": {"name": "f", "args": None, "id": None}}
    last = {"content": {"parts": [*parts, call]}, "finishReason": "STOP"}
    empty = {"candidates": [{"content": None}, {"content": {"parts": None}, "finishReason": None}]}
    whole = {"candidates": [*empty["candidates"], last], "promptFeedback": None}
    told = [empty, {"candidates": None}, whole] if is_stream else [whole]
    mark = b"data: " if is_stream else b""
    body = b"\r\n\r\n".join([*(mark + json.dumps(one).encode() for one in told), b""])
    answer = read("gemini", is_stream, 200, body, is_complete=True)
    assert (answer.text, answer.thinking, answer.ending, answer.why) == ("said", "", "whole", "")
    assert answer.calls == [("", "f", {})]
    for one in told:
        GenerateContentResponse.model_validate(one)


def test_texts_of_an_answer_may_come_by_turns() -> None:
    """Each part is joined by its place, as the final response of OpenAI's has them."""
    told = [(0, "one"), (1, "two"), (0, " more")]
    events = [{"type": "response.output_text.delta", "content_index": at, "delta": say} for at, say in told]
    broken = "_Broken: the final response does not hold what was said"
    for second, why in (("two", ""), ("too", broken)):
        parts = [{"type": "output_text", "text": text} for text in ("one more", second)]
        output = [{"type": "message", "content": parts}]
        last = {"type": "response.completed", "response": {"status": "completed", "output": output}}
        body = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in (*events, last))
        answer = read("responses", True, 200, body.encode(), is_complete=True)
        assert (answer.why, answer.text) == (why, f"one more{second}")
