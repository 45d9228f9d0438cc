"""How Responses streams of emulations depart from OpenAI's, and what breaks the protocol."""

import json
from typing import Any

import pytest
from openai.types.responses.response import PromptCacheDiagnostics
from pydantic import TypeAdapter

from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.conversation import Json
from relay.neutral.events import (
    BlockStart,
    BlockStop,
    Chunk,
    Citation,
    Event,
    Extra,
    Failed,
    Heartbeat,
    MessageStart,
    Signature,
    Terminal,
)
from relay.neutral.failures import Kind
from relay.neutral.server_tools import ServerResult, Source, runs_of
from tests.relay.dialects.openai.streams import client_for, decoded, responses, state_of, transcript

CREATED = ("response.created", {"response": {"id": "r", "model": "m"}})
COMPLETED = ("response.completed", {"response": {"id": "r", "output": []}})


def told(*events: tuple[str, Json]) -> Chunk:
    return decoded(OPENAI_RESPONSES, [responses(CREATED, *events)])


def item(kind: str, done: bool = True, index: int = 0, **fields: Any) -> tuple[str, Json]:
    name = f"response.output_item.{'done' if done else 'added'}"
    return name, {"output_index": index, "item": {"type": kind, **fields}}


def part(name: str, text: str = "", kind: str = "output_text") -> tuple[str, Json]:
    return f"response.content_part.{name}", {
        "output_index": 0,
        "content_index": 0,
        "part": {"type": kind, "text": text},
    }


def blocks(chunk: Chunk) -> list[tuple[str, str, str, str]]:
    state = state_of(chunk.events)
    assert state.failure is None
    assert state.terminal
    return [(block.kind, block.id, block.name, block.text) for block in state.blocks]


def failure_kind(chunk: Chunk) -> Kind:
    failed = chunk.events[-1]
    assert isinstance(failed, Failed)
    return failed.failure.kind


def test_items_that_come_whole() -> None:
    """A server that streams no deltas: each finished item and part tells all of it."""
    chunk = told(
        item("reasoning", done=False, index=1),
        item(
            "reasoning", index=1, content=[{"type": "reasoning_text", "text": "Hm."}], encrypted_content="sig"
        ),
        item("message", done=False),
        part("added"),
        part("done", "Hello"),
        item("message"),
        item("function_call", done=False, index=2, name="f", id="fc_1"),
        item("function_call", index=2, name="f", arguments='{"a":1}'),
        COMPLETED,
    )
    assert blocks(chunk) == [
        ("thinking", "", "", "Hm."),
        ("text", "", "", "Hello"),
        ("tool_call", "fc_1", "f", '{"a":1}'),
    ]
    assert Signature(0, "sig", "gpt") in chunk.events


def test_reasoning_in_its_own_words() -> None:
    """Open models tell their reasoning itself: its text is thinking, its content parts are no blocks."""
    at = {"output_index": 0, "item_id": "rs", "content_index": 0}
    chunk = told(
        item("reasoning", done=False),
        ("response.content_part.added", {**at, "part": {"type": "reasoning_text", "text": ""}}),
        ("response.reasoning_text.delta", {**at, "delta": "Hm."}),
        ("response.reasoning_text.done", {**at, "text": "Hm."}),
        ("response.content_part.done", {**at, "part": {"type": "reasoning_text", "text": "Hm."}}),
        item("reasoning", content=[{"type": "reasoning_text", "text": "Hm."}]),
        COMPLETED,
    )
    assert blocks(chunk) == [("thinking", "", "", "Hm.")]


def test_blocks_that_nobody_closes() -> None:
    """The end of the answer, or of an item, closes what is still open, once."""
    delta = ("response.output_text.delta", {"output_index": 0, "content_index": 0, "delta": "Hi"})
    for ends in ([COMPLETED], [item("message"), COMPLETED], [part("done"), item("message"), COMPLETED]):
        chunk = told(item("message", done=False), part("added"), delta, *ends)
        assert blocks(chunk) == [("text", "", "", "Hi")]
        assert sum(isinstance(event, BlockStop) for event in chunk.events) == 1


def test_a_call_without_arguments() -> None:
    """A call that is told no arguments at all has an empty object."""
    chunk = told(item("function_call", done=False, name="f", call_id="c"), COMPLETED)
    assert blocks(chunk) == [("tool_call", "c", "f", "{}")]


def test_ids_are_made_where_none_are_told() -> None:
    """A call without any id gets one, the same at every decoding."""
    assert blocks(told(item("function_call", done=False, name="f"), COMPLETED))[0][1] == "call_seed0"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("custom_tool_call", "opaque"), ("mcp_call", "server_call"), ("hologram", "opaque")],
)
def test_items_that_only_openai_knows(kind: str, expected: str) -> None:
    """Such an item is a block all the same: upstream said something. Its steps are counted."""
    chunk = told(
        item(kind, done=False, id="x"),
        (f"response.{kind}.progress", {"output_index": 0}),
        item(kind, id="x"),
        COMPLETED,
    )
    assert [block[:3] for block in blocks(chunk)] == [(expected, "x", kind)]
    assert [event.name for event in chunk.events if isinstance(event, Extra)] == [f"response.{kind}.progress"]


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([CREATED], id="a second beginning"),
        pytest.param(
            [("response.function_call_arguments.delta", {"output_index": 0, "delta": "{"})],
            id="arguments of no call",
        ),
        pytest.param(
            [item("function_call", done=False), item("function_call")], id="a call that never gets a name"
        ),
        pytest.param([item("function_call", done=False), COMPLETED], id="a call without a name at the end"),
        pytest.param([item("reasoning", done=False), item("reasoning", done=False)], id="an item twice"),
        pytest.param(
            [
                item("message", done=False),
                part("added"),
                part("done"),
                ("response.output_text.delta", {"output_index": 0, "delta": "x"}),
            ],
            id="text of a part that is whole",
        ),
    ],
)
def test_what_breaks_the_protocol(events: list[tuple[str, Json]]) -> None:
    """Events that speak of what is not there are garbage, and are withheld."""
    chunk = told(*events)
    assert failure_kind(chunk) is Kind.GARBAGE
    assert chunk.raw == responses(CREATED, *events[:-1])


def test_a_cut_call_before_an_error() -> None:
    """The end of a call that does not parse is withheld until upstream says why."""
    cut = [
        item("function_call", done=False, name="f", call_id="c"),
        ("response.function_call_arguments.delta", {"output_index": 0, "delta": '{"a'}),
        item("function_call", name="f", arguments='{"a'),
    ]
    failed = ("response.failed", {"response": {"error": {"code": "server_error", "message": "Oops"}}})
    chunk = told(*cut, failed)
    assert failure_kind(chunk) is Kind.ERROR_EVENT
    assert not any(isinstance(event, BlockStop) for event in chunk.events)
    assert b"output_item.done" not in chunk.raw
    assert b"Oops" in chunk.raw
    bare = b'data: {"error": {"message": "Oops"}}\n\n'
    chunk = decoded(OPENAI_RESPONSES, [responses(CREATED, *cut) + bare])
    assert (failure_kind(chunk), chunk.raw.endswith(bare)) == (Kind.ERROR_EVENT, True)
    assert failure_kind(told(*cut, ("response.content_part.added", {"output_index": 1}))) is Kind.GARBAGE
    filtered = {"response": {"incomplete_details": {"reason": "content_filter"}}}
    assert isinstance(told(*cut, ("response.incomplete", filtered)).events[-1], Terminal)
    steered = {"response": {"incomplete_details": {"reason": "steered"}}}
    assert failure_kind(told(*cut, ("response.incomplete", steered))) is Kind.GARBAGE


@pytest.mark.parametrize(
    ("reason", "expected"), [("steered", "unknown"), (None, "other"), ("content_filter", "refusal")]
)
def test_incomplete(reason: str | None, expected: str) -> None:
    """Why an answer is incomplete; what is not known is ``other``."""
    details = {"incomplete_details": {"reason": reason} if reason else None}
    stop = state_of(told(("response.incomplete", {"response": details})).events).stop
    assert stop is not None
    assert stop.reason == expected


def test_done_is_no_end() -> None:
    """Chat's ``[DONE]`` ends no response: without the last event it is a cut, and is withheld."""
    done = b"data: [DONE]\n\n"
    empty = decoded(OPENAI_RESPONSES, [responses(CREATED) + done])
    assert failure_kind(empty) is Kind.EMPTY
    said = decoded(OPENAI_RESPONSES, [responses(CREATED, item("message", done=False), part("added")) + done])
    assert failure_kind(said) is Kind.CUT
    assert done not in said.raw
    assert decoded(OPENAI_RESPONSES, [transcript("responses_text") + done]).raw == transcript(
        "responses_text"
    )


@pytest.mark.parametrize(
    "error",
    [
        b'event: error\ndata: {"type":"error","error":{"code":"server_error","message":"Oops"}}\n\n',
        b'event: error\ndata: {"type":"error","code":"server_error","message":"Oops"}\n\n',
        b'data: {"error":{"code":"server_error","message":"Oops"}}\n\n',
    ],
)
def test_error_events_of_any_form(error: bytes) -> None:
    """Flat as documented, nested as seen, or chat's: an error is an error, and passes through."""
    chunk = decoded(OPENAI_RESPONSES, [error])
    failed = chunk.events[-1]
    assert isinstance(failed, Failed)
    assert (failed.failure.message, failed.failure.status) == ("Oops", 500)
    assert chunk.raw == error


def test_keepalive_events_are_heartbeats() -> None:
    """An event that only says that upstream is there."""
    assert Heartbeat() in told(("keepalive", {}), COMPLETED).events


def test_an_unknown_shape_passes_and_is_counted() -> None:
    """Known fields of unknown types break nothing."""
    chunk = told(("response.output_text.delta", {"output_index": "first"}), COMPLETED)
    assert [event.name for event in chunk.events if isinstance(event, Extra)] == [
        "response.output_text.delta"
    ]
    assert isinstance(chunk.events[-1], Terminal)


def test_citations_of_files_are_kept() -> None:
    """A citation without an address travels in its own words."""
    annotation = {"type": "file_citation", "file_id": "f", "filename": "a.txt", "index": 3}
    added = (
        "response.output_text.annotation.added",
        {"output_index": 0, "content_index": 0, "annotation": annotation},
    )
    events: list[Event] = told(item("message", done=False), part("added"), added, COMPLETED).events
    (citation,) = [event for event in events if isinstance(event, Citation)]
    assert (citation.url, b"file_citation" in citation.raw) == ("", True)


def test_what_belongs_to_nothing_costs_itself() -> None:
    """A citation or a paragraph's beginning of no open item says nothing; the answer is whole."""
    for name, place in (
        ("response.output_text.annotation.added", {"output_index": 0, "content_index": 9}),
        ("response.output_text.annotation.added", {"output_index": "x", "annotation": {"url": "https://a"}}),
        ("response.reasoning_summary_part.added", {"output_index": 3}),
        ("response.reasoning_summary_part.added", {"output_index": {}}),
    ):
        chunk = told(
            item("message", done=False), part("added"),
            ("response.output_text.delta", {"output_index": 0, "delta": "Hi."}),
            (name, place), part("done"), item("message"), COMPLETED,
        )  # fmt: skip
        assert isinstance(chunk.events[-1], Terminal), (name, place)
        assert state_of(chunk.events).text == "Hi."


def test_a_stream_without_an_end_is_not_collected() -> None:
    """Only a whole stream is an answer."""
    with pytest.raises(ValueError, match="no last event"):
        OPENAI_RESPONSES.collect(responses(CREATED))
    assert OPENAI_CHAT.collect(b": comment\n\n")


def test_an_answer_that_only_its_last_event_tells() -> None:
    """Texts and calls of the whole response are the answer where nothing else was told; clients hear both."""
    part = {"type": "output_text", "text": "I look.", "annotations": []}
    call = {"type": "function_call", "id": "fc_1", "call_id": "c_1", "name": "look", "arguments": '{"a":1}'}
    output = [
        {"type": "message", "id": "m_1", "role": "assistant", "status": "completed", "content": [part]},
        {**call, "status": "completed"},
    ]
    end = ("response.completed", {"response": {"id": "r", "model": "m", "output": output}})
    for stream in (responses(CREATED, end), responses(end)):
        chunk = decoded(OPENAI_RESPONSES, [stream])
        assert blocks(chunk) == [("text", "", "", "I look."), ("tool_call", "c_1", "look", '{"a":1}')]
        with client_for(chunk.raw).responses.stream(model="m", input="x") as items:
            deltas = [event.delta for event in items if event.type == "response.output_text.delta"]
            assert [item.type for item in items.get_final_response().output] == ["message", "function_call"]
        assert deltas == ["I look."]


@pytest.mark.parametrize("begins", [True, False])
def test_a_cut_call_that_only_the_last_event_tells(begins: bool) -> None:
    """The limit cut it, as it cuts a document; only the last call of an answer can be cut so."""
    call = {"type": "function_call", "id": "fc_1", "call_id": "c_1", "name": "look", "arguments": '{"a":'}

    def answered(reason: str, *output: Json) -> Chunk:
        response = {"id": "r", "model": "m", "status": "incomplete", "output": list(output)}
        end = ("response.incomplete", {"response": {**response, "incomplete_details": {"reason": reason}}})
        return decoded(OPENAI_RESPONSES, [responses(*([CREATED] if begins else []), end)])

    chunk = answered("max_output_tokens", call)
    assert blocks(chunk) == [("tool_call", "c_1", "look", '{"a":')]
    stop = state_of(chunk.events).stop
    assert stop is not None
    assert stop.reason == "max_tokens"
    assert sum(isinstance(event, BlockStop) for event in chunk.events) == 1
    with client_for(chunk.raw).responses.stream(model="m", input="x") as items:
        names = [event.type for event in items]
    assert names[-2:] == ["response.output_item.done", "response.incomplete"]
    whole = {**call, "arguments": "{}"}
    assert blocks(answered("max_output_tokens", whole)) == [("tool_call", "c_1", "look", "{}")]
    assert failure_kind(answered("steered", call)) is Kind.GARBAGE
    assert failure_kind(answered("max_output_tokens", call, {**call, "id": "fc_2"})) is Kind.GARBAGE


@pytest.mark.parametrize("is_announced", [True, False])
def test_an_item_without_content_is_told_once(is_announced: bool) -> None:
    """An empty message makes no block, and yet it was told: the last event tells nothing new."""
    empty = {"type": "message", "id": "m_1", "role": "assistant", "status": "completed", "content": []}
    added = [item("message", done=False, id="m_1", content=[])] if is_announced else []
    events = [
        CREATED,
        *added,
        ("response.output_item.done", {"output_index": 0, "item": empty}),
        ("response.completed", {"response": {"id": "r", "model": "m", "output": [empty]}}),
    ]
    chunk = decoded(OPENAI_RESPONSES, [responses(*events)])
    assert blocks(chunk) == []
    assert chunk.raw == responses(*events)


def test_a_response_in_one_event_is_the_stream_that_says_the_same() -> None:
    """Some servers "stream" the whole response in one event without a type."""
    content = [{"type": "output_text", "text": "Hi.", "annotations": []}]
    message = {"type": "message", "id": "m_1", "role": "assistant", "content": content}
    response = {"id": "r", "object": "response", "status": "completed", "model": "m", "output": [message]}
    chunk = decoded(OPENAI_RESPONSES, [f"data: {json.dumps(response)}\n\ndata: [DONE]\n\n".encode()])
    assert blocks(chunk) == [("text", "", "", "Hi.")]
    with client_for(chunk.raw).responses.stream(model="m", input="x") as items:
        assert items.get_final_response().output_text == "Hi."


def test_a_text_that_only_its_end_tells() -> None:
    """``output_text.done`` says all of a text of which no delta came, and nothing of one that did."""
    at: Json = {"item_id": "m_1", "output_index": 0, "content_index": 0}
    done = ("response.output_text.done", {**at, "text": "Hi."})
    assert blocks(told(done, COMPLETED)) == [("text", "", "", "Hi.")]
    whole = (item("message", done=False), part("added"), done, part("done", "Hi."), item("message"))
    assert blocks(told(*whole, COMPLETED)) == [("text", "", "", "Hi.")]
    said = ("response.output_text.delta", {**at, "delta": "Hi."})
    assert blocks(told(said, done, COMPLETED)) == [("text", "", "", "Hi.")]


@pytest.mark.parametrize(
    "place",
    [
        pytest.param({}, id="no place"),
        pytest.param({"item_id": "m_1"}, id="its item alone"),
        pytest.param({"output_index": 1}, id="a wrong index alone"),
        pytest.param({"item_id": "m_1", "output_index": 1}, id="a wrong index"),
        pytest.param({"item_id": "m_1", "output_index": 0, "content_index": 1}, id="a wrong part"),
    ],
)
@pytest.mark.parametrize("is_whole", [False, True])
def test_an_end_of_a_text_that_tells_a_wrong_place(place: Json, is_whole: bool) -> None:
    """The text was told: nothing is told again, and no event is made up."""
    at = {"item_id": "m_1", "output_index": 0, "content_index": 0}
    if is_whole:
        said = ("response.output_text.done", {**at, "text": "hi"})
    else:
        said = ("response.output_text.delta", {**at, "delta": "hi"})
    events = (item("message", done=False, id="m_1"), part("added"), said)
    done = ("response.output_text.done", {**place, "text": "hi"})
    chunk = told(*events, done, part("done", "hi"), item("message", id="m_1"), COMPLETED)
    assert blocks(chunk) == [("text", "", "", "hi")]
    assert b'"output_index":-1' not in chunk.raw
    assert chunk.raw.count(b"response.output_item.added") == 2  # its event's name and its type


def test_ends_of_several_texts_of_which_no_delta_came() -> None:
    """Each is told once, at its own place; what has no place says nothing that its item does not say."""
    ends = [
        ("response.output_text.done", {"item_id": f"m_{at}", "output_index": at, "text": text})
        for at, text in enumerate(("One.", "Two."))
    ]
    assert [text for *_, text in blocks(told(*ends, COMPLETED))] == ["One.", "Two."]
    content = [{"type": "output_text", "text": "hi", "annotations": []}]
    chunk = told(("response.output_text.done", {"text": "hi"}), item("message", content=content), COMPLETED)
    assert blocks(chunk) == [("text", "", "", "hi")]


def test_a_search_is_a_run() -> None:
    """``web_search_call``: its query is the call's, its sources the result's."""
    action = {"type": "search", "query": "tower", "sources": [{"type": "url", "url": "https://a.example"}]}
    chunk = told(
        item("web_search_call", done=False, id="ws_1"),
        item("web_search_call", id="ws_1", status="completed", action=action),
        COMPLETED,
    )
    assert blocks(chunk) == [
        ("server_call", "ws_1", "web_search", '{"query":"tower"}'),
        ("server_result", "ws_1", "web_search", ""),
    ]
    results = [event.result for event in chunk.events if isinstance(event, BlockStart) and event.result]
    assert results == [ServerResult((Source("https://a.example"),))]


def results_of(chunk: Chunk) -> list[ServerResult]:
    return [event.result for event in chunk.events if isinstance(event, BlockStart) and event.result]


SEARCHED = [
    item("web_search_call", done=False, id="ws_1"),
    item("web_search_call", id="ws_1", status="completed", action={"type": "search", "query": "tower"}),
    item("web_search_call", done=False, index=1, id="ws_2"),
    item("web_search_call", index=1, id="ws_2", status="completed", action={"type": "search", "query": "t"}),
]
CITED = {"type": "url_citation", "url": "https://a.example", "title": "A"}


def cited_text(*annotations: tuple[str, Json], done: list[Json]) -> list[tuple[str, Json]]:
    place = {"output_index": 2, "content_index": 0}
    whole = {"type": "output_text", "text": "It is high.", "annotations": done}
    return [
        item("message", done=False, index=2),
        ("response.content_part.added", {**place, "part": {"type": "output_text", "text": ""}}),
        ("response.output_text.delta", {**place, "delta": "It is high."}),
        *((name, {**place, **told}) for name, told in annotations),
        ("response.content_part.done", {**place, "part": whole}),
        item("message", index=2, content=[whole]),
    ]


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_search_that_told_no_pages_found_those_that_are_cited(is_announced: bool) -> None:
    """They stand behind the text, with the first search; each citation is told once, whoever announced it."""
    added = [("response.output_text.annotation.added", {"annotation": CITED})] if is_announced else []
    chunk = told(*SEARCHED, *cited_text(*added, done=[CITED]), COMPLETED)
    assert [(kind, identity) for kind, identity, _, _ in blocks(chunk)] == [
        ("server_call", "ws_1"),
        ("server_call", "ws_2"),
        ("text", ""),
        ("server_result", "ws_1"),
        ("server_result", "ws_2"),
    ]
    assert results_of(chunk) == [ServerResult((Source("https://a.example", "A"),)), ServerResult()]
    assert [event.url for event in chunk.events if isinstance(event, Citation)] == ["https://a.example"]


def test_a_search_whose_pages_the_last_event_tells() -> None:
    """Some tell a search's sources in the whole response alone: there they stand with their own search."""
    found = {"type": "search", "query": "t", "sources": [{"type": "url", "url": "https://b.example"}]}
    output = [{"type": "web_search_call", "id": "ws_2", "status": "completed", "action": found}, "x"]
    end = ("response.completed", {"response": {"id": "r", "output": output}})
    chunk = told(*SEARCHED, *cited_text(done=[CITED]), end)
    assert results_of(chunk) == [ServerResult(), ServerResult((Source("https://b.example"),))]


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        (("ws_1",), [ServerResult(error="failed"), ServerResult((Source("https://a.example", "A"),))]),
        (("ws_2",), [ServerResult((Source("https://a.example", "A"),)), ServerResult(error="failed")]),
        (("ws_1", "ws_2"), [ServerResult(error="failed")] * 2),
    ],
)
def test_a_search_that_failed_by_the_last_event_found_nothing(
    failed: tuple[str, ...], expected: list[ServerResult]
) -> None:
    """It keeps its error, and what the answer cites stands with the first search that did not fail."""
    output = [{"type": "web_search_call", "id": run, "status": "failed", "action": {}} for run in failed]
    end = ("response.completed", {"response": {"id": "r", "output": output}})
    assert results_of(told(*SEARCHED, *cited_text(done=[CITED]), end)) == expected


def test_a_page_that_a_search_opened_is_no_further_search() -> None:
    """OpenAI charges for searches alone; the page is what was found. A live feed has no address."""
    feed = {"type": "search", "queries": ["w"], "sources": [{"type": "api", "name": "oai-weather"}]}
    page = {"type": "find_in_page", "url": "https://a.example", "pattern": "high"}
    chunk = told(
        item("web_search_call", index=0, id="ws_1", status="completed", action=feed),
        item("web_search_call", index=1, id="ws_2", status="completed", action=page),
        item("web_search_call", index=2, id="ws_3", status="completed", action={"type": "open_page"}),
        COMPLETED,
    )
    asked = [text for kind, _, _, text in blocks(chunk) if kind == "server_call"]
    assert asked == ['{"query":"w"}', '{"url":"https://a.example","pattern":"high"}', '{"url":""}']
    assert ServerResult((Source("https://a.example"),)) in results_of(chunk)
    assert runs_of("web_search", state_of(chunk.events).blocks) == 1


def test_a_program_is_a_run() -> None:
    """``code_interpreter_call``: its code is the call's, what it printed the result's."""
    outputs = [{"type": "logs", "logs": "4\n"}, {"type": "image", "url": "https://a.example/p.png"}]
    chunk = told(
        item("code_interpreter_call", id="ci_1", code="print(2+2)", outputs=outputs, status="completed"),
        COMPLETED,
    )
    assert blocks(chunk)[0] == ("server_call", "ci_1", "code_execution", '{"code":"print(2+2)"}')
    results = [event.result for event in chunk.events if isinstance(event, BlockStart) and event.result]
    assert results == [ServerResult(output="4\n")]


def test_a_picture_that_was_generated_is_media() -> None:
    """``image_generation_call``: something at once, and the picture when it is there."""
    chunk = told(
        item("image_generation_call", done=False, id="ig_1", result=None),
        item("image_generation_call", id="ig_1", result="iVBO", output_format="webp", status="completed"),
        COMPLETED,
    )
    assert [block[0] for block in blocks(chunk)] == ["server_call", "media"]
    payloads = [event.payload for event in chunk.events if isinstance(event, BlockStart)]
    assert json.loads(payloads[1]) == {"media_type": "image/webp", "data": "iVBO"}


def test_what_the_tools_used_is_told_beside_the_usage() -> None:
    """Of a stream and of a document: the model's own counts, and those of the model that drew."""
    response = {
        "id": "r",
        "object": "response",
        "status": "completed",
        "output": [{"type": "image_generation_call", "id": "ig_1", "result": "iVBO", "status": "completed"}],
        "usage": {"input_tokens": 20, "output_tokens": 3},
        "tools": [{"type": "image_generation", "model": "gpt-image-2"}],
        "tool_usage": {
            "image_gen": {
                "input_tokens": 7,
                "output_tokens": 9,
                "output_tokens_details": {"image_tokens": 9},
            },
            "web_search": {"num_requests": 2},
        },
    }
    streamed = told(
        item("image_generation_call", id="ig_1", result="iVBO", status="completed"),
        ("response.completed", {"response": response}),
    )
    whole = decoded(OPENAI_RESPONSES, [json.dumps(response).encode()])
    for chunk in (streamed, whole):
        usage = state_of(chunk.events).usage
        assert (usage.input_uncached, usage.output, usage.searches) == (20, 3, 2)
        assert usage.drawn == (("drawn_text_in", 7), ("drawn_image_out", 9))
        assert usage.drawn_by == "gpt-image-2"


def test_a_text_that_nobody_announced() -> None:
    """It begins with its first delta; a client of the same form hears of message and part first."""
    at = {"output_index": 0, "content_index": 0, "item_id": "msg_1"}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
    whole = {**message, "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}
    chunk = told(
        ("response.output_text.delta", {**at, "delta": "H"}),
        ("response.output_text.delta", {**at, "delta": "i"}),
        ("response.output_item.done", {"output_index": 0, "item": whole}),
        ("response.completed", {"response": {"id": "r", "status": "completed", "output": [whole]}}),
    )
    assert blocks(chunk) == [("text", "", "", "Hi")]
    with client_for(chunk.raw).responses.stream(model="m", input="x") as stream:
        assert stream.get_final_response().output_text == "Hi"


def test_a_stream_without_its_beginning_gets_one() -> None:
    """Before what is told first, under one id to the end; upstream's own, if it comes late, is left out."""
    at = {"output_index": 0, "content_index": 0, "item_id": "m_1"}
    events = [
        item("message", done=False, id="m_1", content=[]),
        part("added"),
        ("response.output_text.delta", {**at, "delta": "Hi"}),
        part("done", "Hi"),
        item("message", id="m_1"),
        COMPLETED,
    ]
    late = ("response.created", {"response": {"id": "resp_9", "model": "m", "output": []}})
    for told_events in (events, [*events[:2], late, *events[2:]], [COMPLETED]):
        chunk = decoded(OPENAI_RESPONSES, [responses(*told_events)])
        assert chunk.raw.startswith(b"event: response.created\n")
        assert chunk.raw.count(b"event: response.created") == 1
        assert sum(isinstance(event, MessageStart) for event in chunk.events) == 1
        with client_for(chunk.raw).responses.stream(model="m", input="x") as stream:
            assert stream.get_final_response().output == []
        if told_events != [COMPLETED]:
            assert blocks(chunk) == [("text", "", "", "Hi")]


def test_the_beginning_has_the_id_that_is_told_first() -> None:
    """In response.in_progress it is upstream's, which the end has as well."""
    begun = ("response.in_progress", {"response": {"id": "resp_7", "model": "m", "output": []}})
    end = ("response.completed", {"response": {"id": "resp_7", "status": "completed", "output": []}})
    chunk = decoded(OPENAI_RESPONSES, [responses(begun, end)])
    assert chunk.raw.endswith(responses(begun, end))
    assert chunk.events[0] == MessageStart("resp_7", "m")


@pytest.mark.parametrize("done", [None, "", "{}"])
@pytest.mark.parametrize("is_finished", [True, False])
@pytest.mark.parametrize("is_listed", [True, False])
def test_arguments_that_are_told_at_the_beginning_alone(
    done: str | None, is_finished: bool, is_listed: bool
) -> None:
    """They are the call's, whether or not the call is finished, and listed at the end, without them."""
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look"}
    added = {"output_index": 0, "item": {**call, "arguments": '{"a":1}', "status": "in_progress"}}
    over = {**call, "arguments": done, "status": "completed"}
    finished = [("response.output_item.done", {"output_index": 0, "item": over})] if is_finished else []
    end = {"id": "r", "status": "completed", "output": [over] if is_listed else []}
    chunk = told(("response.output_item.added", added), *finished, ("response.completed", {"response": end}))
    assert blocks(chunk) == [("tool_call", "call_1", "look", '{"a":1}')]
    with client_for(chunk.raw).responses.stream(model="m", input="x") as stream:
        output = stream.get_final_response().output
    assert [one.arguments for one in output] == (['{"a":1}'] if is_listed or not is_finished else [])


def test_the_last_response_is_put_right() -> None:
    """Usage in a list is usage, and null is no item."""
    usage = {"input_tokens": 12, "output_tokens": 9, "total_tokens": 21}
    end = {"id": "r", "status": "completed", "output": [None], "usage": [usage]}
    chunk = told(("response.completed", {"response": end}))
    counted = state_of(chunk.events).usage
    assert (counted.input_uncached, counted.output) == (12, 9)
    with client_for(chunk.raw).responses.stream(model="m", input="x") as stream:
        final = stream.get_final_response()
    assert (final.usage.output_tokens, final.output) == (9, [])


def test_events_in_an_envelope() -> None:
    """Each is the data of one, or the whole response is."""
    at = {"output_index": 0, "content_index": 0, "item_id": "m_1"}
    events = [("response.output_text.delta", {**at, "delta": "Hi"}), item("message", id="m_1"), COMPLETED]
    wrapped = [json.dumps({"code": 0, "data": {"type": name, **body}}) for name, body in events]
    stream = "".join(f"data: {one}\n\n" for one in wrapped).encode()
    assert blocks(decoded(OPENAI_RESPONSES, [stream])) == [("text", "", "", "Hi")]
    text = {"type": "output_text", "text": "Hi", "annotations": []}
    message = {"id": "m_1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
    whole = {"id": "r", "status": "completed", "output": [message]}
    document = json.dumps({"success": True, "data": whole}).encode()
    assert blocks(decoded(OPENAI_RESPONSES, [document])) == [("text", "", "", "Hi")]
    assert blocks(decoded(OPENAI_RESPONSES, [b"data: " + document + b"\n\n"])) == [("text", "", "", "Hi")]


@pytest.mark.parametrize("is_document", [True, False])
def test_what_stands_beside_the_response_in_an_envelope_is_its(is_document: bool) -> None:
    """Its id, its model and its counts, where the response has none of its own."""
    whole = {"model": "inner", "status": "completed", "output": []}
    usage = {"input_tokens": 12, "output_tokens": 9}
    body = json.dumps({"id": "x", "model": "outer", "usage": usage, "data": whole}).encode()
    stream = body if is_document else b"data: " + body + b"\n\n"
    state = state_of(decoded(OPENAI_RESPONSES, [stream]).events)
    assert (state.message_id, state.model) == ("x", "inner")
    assert (state.usage.input_uncached, state.usage.output) == (12, 9)


def test_a_call_whose_name_comes_at_its_end() -> None:
    """Its arguments wait for the name."""
    chunk = told(
        item("function_call", done=False, call_id="c"),
        ("response.function_call_arguments.delta", {"output_index": 0, "delta": '{"a"'}),
        ("response.function_call_arguments.delta", {"output_index": 0, "delta": ":1}"}),
        item("function_call", call_id="c", name="f", arguments='{"a":1}'),
        COMPLETED,
    )
    assert blocks(chunk) == [("tool_call", "c", "f", '{"a":1}')]


def test_items_that_nobody_announced() -> None:
    """A finished item alone tells all of it."""
    content = [{"type": "output_text", "text": "Hello"}, {"type": "refusal", "refusal": "No."}, 7]
    chunk = told(
        item("message", content=content),
        item("function_call", index=1, name="f", call_id="c", arguments='{"a":1}'),
        COMPLETED,
    )
    assert blocks(chunk) == [
        ("text", "", "", "Hello"),
        ("refusal", "", "", "No."),
        ("tool_call", "c", "f", '{"a":1}'),
    ]


RESPONSE: Json = {
    "id": "r",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "m",
    "output": [
        {
            "id": "rs_1",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "gAAA",
        },
        {
            "id": "msg_1",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Looking.", "annotations": [], "logprobs": []}],
        },
        {
            "id": "fc_1",
            "type": "function_call",
            "status": "completed",
            "call_id": "call_1",
            "name": "f",
            "arguments": '{"a":1}',
        },
    ],
    "usage": {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8},
}


def test_a_document_in_place_of_a_stream() -> None:
    """A whole response is the answer; the SDK reads the stream made of it, which collects to the same."""
    chunk = decoded(OPENAI_RESPONSES, [json.dumps(RESPONSE).encode()])
    assert blocks(chunk) == [
        ("thinking", "", "", "Hm."),
        ("text", "", "", "Looking."),
        ("tool_call", "call_1", "f", '{"a":1}'),
    ]
    assert Signature(0, "gAAA", "gpt") in chunk.events
    with client_for(chunk.raw).responses.stream(model="m", input="x") as stream:
        assert stream.get_final_response().output_text == "Looking."
    assert json.loads(OPENAI_RESPONSES.collect(chunk.raw)) == RESPONSE


OOPS = {"code": "server_error", "message": "Oops"}


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ({**RESPONSE, "status": "failed", "error": OOPS}, Kind.ERROR_EVENT, "Oops"),
        ({**RESPONSE, "status": "in_progress"}, Kind.GARBAGE, "no whole response"),
        ({"error": {"message": "Slow", "code": "rate_limit_exceeded"}}, Kind.ERROR_EVENT, "Slow"),
        ({"object": "error", "message": "Bad", "code": 400}, Kind.ERROR_EVENT, "Bad"),
    ],
)
def test_a_document_that_is_no_answer(body: Json, kind: Kind, message: str) -> None:
    """A failed response, one that is not whole, and errors of any shape."""
    failed = decoded(OPENAI_RESPONSES, [json.dumps(body).encode()]).events[-1]
    assert isinstance(failed, Failed)
    assert failed.failure.kind is kind
    assert message in failed.failure.message


def test_done_is_the_end_that_its_status_says() -> None:
    """As Realtime calls it; a client of this form is told the end that it knows."""
    output = [{"id": "m", "type": "message", "content": [{"type": "output_text", "text": "Hi"}]}]
    cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    for fields, stop in (({"status": "completed"}, "end_turn"), ({}, "end_turn"), (cut, "max_tokens")):
        chunk = told(("response.done", {"response": {"id": "r", "output": output, **fields}}))
        state = state_of(chunk.events)
        assert (state.text, state.stop and state.stop.reason, state.terminal) == ("Hi", stop, True)
        assert b"response.done" not in chunk.raw
        with client_for(chunk.raw).responses.stream(model="m", input="") as stream:
            kinds = [event.type for event in stream]
        assert kinds[-1] == f"response.{fields.get('status', 'completed')}"
    for status in ("failed", "cancelled"):
        error = {"code": "server_error", "message": "gone"}
        chunk = told(("response.done", {"response": {"id": "r", "status": status, "error": error}}))
        assert isinstance(chunk.events[-1], Failed)
        assert b"response.failed" in chunk.raw


def test_upstreams_own_word_for_a_cache_miss() -> None:
    """``prompt_cache_diagnostics`` of the last event, as OpenAI's own types have it; a hit says nothing."""
    usage = {"input_tokens": 5000, "output_tokens": 1, "total_tokens": 5001}
    missed = {"type": "cache_miss", "reason": "tools_changed", "cache_missed_tokens": 4096}
    TypeAdapter(PromptCacheDiagnostics).validate_python(missed)
    for diagnostics, word, tokens in (
        (missed, "tools_changed", 4096),
        ({**missed, "cache_missed_tokens": "many"}, "tools_changed", None),
        ({"type": "cache_hit"}, "", None),
        ({"type": "comparison_response_not_found"}, "", None),
        ({"type": "cache_miss", "reason": 7}, "", None),
        ("none", "", None),
        (None, "", None),
    ):
        response = {"id": "r", "output": [], "usage": usage, "prompt_cache_diagnostics": diagnostics}
        used = state_of(told(("response.completed", {"response": response})).events).usage
        assert (used.cache_miss, used.cache_missed) == (word, tokens)
        assert used.input_uncached == 5000
