"""What only its own vendor can know in a history ends no conversation: it is told as text, or left out."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from accounts.facts.known_models import facts_for
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.anthropic.server_tools import OWN_ID
from relay.dialects.openai import OPENAI_CHAT
from relay.dialects.translation.foreign_history import UNNAMED, UNNAMED_NOTE
from relay.dialects.translation.paired_calls import paired
from relay.neutral.conversation import (
    Conversation,
    Json,
    Media,
    Part,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)
from tests.relay.dialects.every_dialect import DIALECTS, KINDS

MODELS = {"anthropic": "claude-sonnet-4-6", "gemini": "gemini-3-flash-preview", "chat": "m", "responses": "m"}
RUN = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "bash_code_execution",
    "input": {"command": "ls"},
}
RAN = {
    "type": "bash_code_execution_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": {"type": "bash_code_execution_result", "stdout": "a.txt", "stderr": "", "return_code": 0},
}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_2", "name": "web_search", "input": {"query": "q"}}
FOUND = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_2",
    "content": [{"type": "web_search_result"}],
}
SHELL = {"type": "local_shell_call", "call_id": "s", "status": "completed", "action": {"command": ["ls"]}}
FOUND_TOOLS: Json = {
    "type": "tool_search_output",
    "call_id": "u",
    "execution": "client",
    "tools": [
        {
            "type": "namespace",
            "name": "mail",
            "tools": [{"type": "function", "name": "send"}, {"type": "mcp"}],
        },
        {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}},
    ],
}
CALLED = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"value": '}}

HISTORIES: tuple[tuple[str, list[Json], list[str], list[str]], ...] = (
    # whose client, the turns between the user's two, what is told of them, what is named as dropped
    (
        "anthropic",
        [{"role": "assistant", "content": [SEARCH, FOUND, RUN, RAN, {"type": "text", "text": "So."}]}],
        ["```\nls\n```", "```\na.txt\n```", "So."],
        [
            "server_tool_use blocks",
            "web_search_tool_result blocks",
            "server_tool_use blocks (told as text)",
            "bash_code_execution_tool_result blocks (told as text)",
        ],
    ),
    (
        "anthropic",
        [
            {"role": "assistant", "content": [{"type": "compaction", "content": "Was: x."}, {"type": "new"}]},
            {"role": "user", "content": [{"type": "container_upload", "file_id": "f"}]},
        ],
        ["Was: x.", "(a container_upload part, which cannot be shown here)"],
        ["new blocks", "file_id", "container_upload blocks (told as text)"],
    ),
    (
        "gemini",
        [
            {
                "role": "model",
                "parts": [
                    {"executableCode": {"code": "print(6*7)", "language": "PYTHON"}},
                    {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42\n"}},
                    {"toolCall": {"toolType": "GOOGLE_MAPS"}},
                    {"text": "42"},
                ],
            }
        ],
        ["```python\nprint(6*7)\n```", "```\n42\n```", "42"],
        ["executableCode parts (told as text)", "codeExecutionResult parts (told as text)", "toolCall parts"],
    ),
    (
        "chat",
        [
            {"role": "assistant", "content": None, "tool_calls": [CALLED]},
            {"role": "tool", "tool_call_id": "c", "content": "not run"},
            {"role": "tool", "tool_call_id": "gone", "content": "late"},
        ],
        ['{"value": ', "not run", "Result of a tool, whose call is not shown:", "late"],
        ["arguments of f that are no JSON object (told as text)"],
    ),
    (
        "responses",
        [
            SHELL,
            {"type": "local_shell_call_output", "id": "s", "output": "a.txt"},
            {"type": "image_generation_call", "id": "i", "result": "iVBO"},
            {"type": "tool_search_call", "call_id": "t", "arguments": {}},
            {"type": "tool_search_call", "call_id": "u", "execution": "client", "arguments": {"query": "q"}},
            FOUND_TOOLS,
            {**FOUND_TOOLS, "call_id": None, "tools": [{"type": "mcp"}, "x", {"type": "function"}]},
            {"type": "code_interpreter_call", "code": "1+1", "outputs": [{"type": "logs", "logs": "2"}]},
            {"type": "compaction", "encrypted_content": "x"},
        ],
        [
            '<system-note>\nlocal_shell was run with {"command":["ls"]}. It gave:\na.txt\n</system-note>',
            '<system-note>\ntool_search was run with {"query":"q"}. It gave:\nmail__send, f\n</system-note>',
            '<system-note>\ntool_search was run with {"query":"q"}. It gave:\nno tool\n</system-note>',
            "```python\n1+1\n```",
            "```\n2\n```",
        ],
        [
            "local_shell_call items",
            "local_shell_call_output items (told as text)",
            "image_generation_call items",
            "tool_search_call items",
            "tool_search_output items (told as text)",
            "code_interpreter_call items (told as text)",
            "compaction items",
        ],
    ),
)  # fmt: skip


def body_of(client: str, turns: list[Json]) -> Json:
    match client:
        case "gemini":
            user: Json = {"role": "user", "parts": [{"text": "?"}]}
            return {"contents": [user, *turns, user]}
        case "responses":
            return {
                "model": "m",
                "input": [{"role": "user", "content": "?"}, *turns, {"role": "user", "content": "?"}],
            }
        case _:
            user = {"role": "user", "content": "?"}
            return {"model": "m", "max_tokens": 9, "messages": [user, *turns, user]}


def texts_in(turns: tuple[Turn, ...]) -> list[str]:
    found: list[str] = []
    for part in (part for turn in turns for part in turn.parts):
        match part:
            case Text():
                found.append(part.text)
            case ToolCall():
                found += part.arguments.values()
            case ToolResult():
                found += [inner.text for inner in part.parts if isinstance(inner, Text)]
            case _:
                pass
    return found


def test_what_the_other_vendor_cannot_know_goes_on_as_text() -> None:
    """Each history is written for each other vendor; what was told of it and what not stands in the row."""
    for client, turns, told, dropped in HISTORIES:
        conversation = DIALECTS[client].read(body_of(client, turns))
        assert list(conversation.dropped) == dropped, client
        changes: list[str] = []
        whole = paired(conversation, changes)
        lines = [
            line for text in texts_in(whole.turns) for line in text.splitlines() if line not in ("", "?")
        ]
        assert lines == "\n".join(told).splitlines(), client
        for upstream, target in DIALECTS.items():
            facts = facts_for(MODELS[upstream], KINDS[upstream])
            assert target.write(whole, MODELS[upstream], facts, []), (client, upstream)


def test_what_stands_between_a_call_and_its_result_comes_behind_it() -> None:
    """A note of a search, or a user's word: vendors want results right behind calls."""
    between: dict[str, list[Json]] = {
        "responses": [
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "tool_search_call", "call_id": "u", "arguments": {"query": "q"}},
            FOUND_TOOLS,
            {"type": "function_call_output", "call_id": "c", "output": "r"},
        ],
        "chat": [
            {"role": "assistant", "content": None, "tool_calls": [CALLED]},
            {"role": "user", "content": "wait"},
            {"role": "tool", "tool_call_id": "c", "content": "r"},
        ],
    }
    for client, turns in between.items():
        changes: list[str] = []
        whole = paired(DIALECTS[client].read(body_of(client, turns)), changes)
        assert [type(turn.parts[0]) for turn in whole.turns] == [Text, ToolCall, ToolResult, Text, Text]
        assert changes == ["user turns were put behind the results of calls"]
        written = DIALECTS["chat"].write(whole, "m", facts_for("m", KINDS["chat"]), [])
        assert [one["role"] for one in written["messages"]][:4] == ["user", "assistant", "tool", "user"]
    nobody_answers = (HI, says("assistant", call("a")), says("user", Text("stop")), says("user", Text("no")))
    whole = paired(Conversation(nobody_answers), [])
    written = DIALECTS["chat"].write(whole, "m", facts_for("m", KINDS["chat"]), [])
    assert [one["role"] for one in written["messages"]] == ["user", "assistant", "tool", "user", "user"]


def test_hosted_tools_that_codex_adds_are_left_out() -> None:
    """Codex offers pictures and a tool search by itself; what a client asks for itself stays a refusal."""
    function = {"type": "function", "name": "noop", "parameters": {"type": "object", "properties": {}}}
    tools = [{"type": "image_generation", "output_format": "png"}, {"type": "tool_search"}, function]
    conversation = DIALECTS["responses"].read({"model": "m", "input": "hi", "tools": tools})
    assert [tool.name for tool in conversation.tools] == ["noop"]
    assert conversation.dropped == (
        "the tool image_generation: only OpenAI runs it",
        "the tool tool_search: only OpenAI runs it",
    )


def test_runs_of_other_vendors_do_not_reach_claude() -> None:
    """An Anthropic client was told of Google's search as of Anthropic's own: its API would refuse such."""
    own = {"type": "server_tool_use", "id": f"{OWN_ID}1", "name": "web_search", "input": {}}
    found = {"type": "web_search_tool_result", "tool_use_id": f"{OWN_ID}1", "content": []}
    said = {"type": "text", "text": "It is sunny."}
    user: Json = {"role": "user", "content": "?"}
    changes: list[str] = []
    turns = [
        user,
        {"role": "assistant", "content": [own, found, said]},
        user,
        {"role": "assistant", "content": [own]},
    ]
    body = ANTHROPIC.mend({"messages": turns}, changes)
    assert body["messages"] == [user, {"role": "assistant", "content": [said]}, user]
    assert changes == ["runs of another vendor's tools were left out"]
    theirs: Json = {"messages": [user, {"role": "assistant", "content": [SEARCH, FOUND, said]}]}
    assert ANTHROPIC.mend(theirs, changes) is theirs


def call(call_id: str) -> ToolCall:
    return ToolCall(call_id, "f", {})


def result(call_id: str, text: str = "r") -> ToolResult:
    return ToolResult(call_id, "f", (Text(text),))


def says(role: Any, *parts: Part) -> Turn:
    return Turn(role, parts)


HI = says("user", Text("hi"))
NOTHING = ToolResult("a", "f", (Text("(no result was given)"),), is_error=True)


def test_results_stand_behind_their_calls() -> None:
    """What is missing is said to be so, what is late comes forward, what answers nothing is shown as text."""
    shown = Text("Result of f, whose call is not shown:")
    table: tuple[tuple[tuple[Turn, ...], tuple[Turn, ...]], ...] = (
        ((HI, says("assistant", call("a"))), (HI, says("assistant", call("a")), says("user", NOTHING))),
        (
            (HI, says("assistant", call("a")), HI, says("assistant", Text("x"))),
            (
                HI,
                says("assistant", call("a")),
                says("user", Text("hi"), NOTHING),
                says("assistant", Text("x")),
            ),
        ),
        (
            (HI, says("assistant", call("a")), HI, says("assistant", Text("x")), says("user", result("a"))),
            (
                HI,
                says("assistant", call("a")),
                says("user", Text("hi"), result("a")),
                says("assistant", Text("x")),
            ),
        ),
        (
            (HI, says("assistant", call("a")), says("system", Text("s")), says("user", result("a"))),
            (HI, says("assistant", call("a")), says("user", result("a")), says("system", Text("s"))),
        ),
        ((HI, says("user", result("z"))), (HI, says("user", shown, Text("r")))),
        (
            # the same id in two turns: the later result is not the earlier call's
            (
                HI,
                says("assistant", call("a")),
                HI,
                says("assistant", call("a")),
                says("user", result("a", "2")),
            ),
            (
                HI,
                says("assistant", call("a")),
                says("user", Text("hi"), NOTHING),
                says("assistant", call("a")),
                says("user", result("a", "2")),
            ),
        ),
    )
    for turns, wanted in table:
        assert paired(Conversation(turns), []).turns == wanted
    changes: list[str] = []
    for good in (
        (HI, says("assistant", call("a"), call("b")), says("user", result("b"), result("a")), HI),
        (HI, says("assistant", call("a")), says("assistant", Text("x")), says("user", result("a"))),
        (HI, says("assistant", call("a"), call("a")), says("user", result("a"), result("a"))),
    ):
        conversation = Conversation(good)
        assert paired(conversation, changes) is conversation
    assert changes == []


def test_words_between_calls_and_results_keep_their_order() -> None:
    """What the user says beside the results comes behind what was said before them."""
    one, two, three = (Text(word) for word in ("one", "two", "three"))
    asks = says("assistant", call("a"), call("b"))
    answers = asks, says("user", result("a"), result("b")), says("user", one), says("user", two)
    split = asks, says("user", result("a")), says("user", result("b"))
    missing = ToolResult("b", "f", NOTHING.parts, is_error=True)
    for turns, wanted in (
        ((asks, says("user", one), says("user", result("a"), result("b"), two)), answers),
        ((asks, says("user", one), says("user", two, result("a"), result("b"))), answers),
        (
            (asks, says("user", one), says("user", result("a"), two), says("user", result("b"), three)),
            (*split, says("user", one), says("user", two), says("user", three)),
        ),
        (
            (asks, says("user", one), says("user", result("a"), two)),
            (asks, says("user", result("a"), missing), says("user", one), says("user", two)),
        ),
        (
            (asks, says("user", result("a"), one), says("user", two, result("b"))),
            (*split, says("user", one), says("user", two)),
        ),
        (
            (asks, says("user", one, result("a"))),
            (asks, says("user", result("a"), missing), says("user", one)),
        ),
    ):
        found = paired(Conversation((HI, *turns)), [])
        assert found.turns == (HI, *wanted)
        assert paired(found, []) is found


def shown(call_id: str) -> ToolResult:
    return ToolResult(call_id, "f", (Text("see"), Media("image", "image/png", "iVBO")))


IDS = st.sampled_from("ab")
TURNS = st.lists(
    st.one_of(
        st.lists(st.builds(call, IDS), max_size=2).map(lambda parts: says("assistant", Text("x"), *parts)),
        st.lists(st.builds(result, IDS), max_size=2).map(lambda parts: says("user", Text("x"), *parts)),
        st.lists(st.builds(shown, IDS), max_size=2).map(lambda parts: says("user", *parts, Text("x"))),
        st.just(says("system", Text("s"))),
    ),
    max_size=8,
)


@given(TURNS)
def test_any_history_becomes_one_that_every_vendor_takes(turns: list[Turn]) -> None:
    """However calls and results are mixed up, each writer finds them in pairs, and once is enough."""
    conversation = paired(Conversation((HI, *turns)), [])
    assert paired(conversation, []) is conversation
    for upstream, target in DIALECTS.items():
        facts = facts_for(MODELS[upstream], KINDS[upstream])
        body = target.write(conversation, MODELS[upstream], facts, [])
        if upstream == "chat":
            assert_each_call_is_answered_next(body["messages"])


def assert_each_call_is_answered_next(messages: list[Json]) -> None:
    """As chat upstreams demand it: a tool message for each call, with nothing between."""
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting
        waiting = [call["id"] for call in message.get("tool_calls", ())]
    assert not waiting


def test_a_result_that_is_told_twice_is_left_out() -> None:
    """A resumed gemini-cli sends each so; one that says something else becomes what the user shows."""
    call, result = ToolCall("a", "f", {}), ToolResult("a", "f", (Text("done"),))
    other = ToolResult("a", "f", (Text("else"),))
    said: list[str] = []
    turns = (Turn("assistant", (call,)), Turn("user", (result, result, other)))
    [_, behind] = paired(Conversation(turns=turns), said).turns
    assert behind.parts[0] == result
    assert [part.text for part in behind.parts[1:] if isinstance(part, Text)][-1] == "else"
    assert said == [
        "results that were told twice were left out",
        "results whose calls are not in the history became text",
    ]


def test_arguments_that_are_an_object_in_other_words() -> None:
    """Behind an empty object, as a text of JSON, null: carried as what they say, of either vendor."""
    for told, arguments in (('{}{"x": 1}', {"x": 1}), ('"{\\"x\\": 1}"', {"x": 1}), ("null", {}), (" ", {})):
        function = {"name": "f", "arguments": told}
        call = {"id": "c", "type": "function", "function": function}
        chat = {"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "tool_calls": [call]}]}
        block = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": told}
        messages = [{"role": "user", "content": "u"}, {"role": "assistant", "content": [block]}]
        for dialect, body in ((OPENAI_CHAT, chat), (ANTHROPIC, {"messages": messages})):
            (part,) = dialect.read({"model": "m", "max_tokens": 1, **body}).turns[-1].parts
            assert isinstance(part, ToolCall)
            assert part.arguments == arguments


def unnamed(client: str) -> Json:
    """A history with a call whose name is empty, and its result."""
    match client:
        case "anthropic":
            call: Json = {"type": "tool_use", "id": "c", "name": "", "input": {"a": 1}}
            result: Json = {"type": "tool_result", "tool_use_id": "c", "content": "r"}
            turns = [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
        case "gemini":
            answer = {"functionResponse": {"name": "", "response": {"output": "r"}}}
            turns = [
                {"role": "model", "parts": [{"functionCall": {"name": "", "args": {"a": 1}}}]},
                {"role": "user", "parts": [answer]},
            ]
        case "responses":
            call = {"type": "function_call", "call_id": "c", "name": "", "arguments": '{"a":1}'}
            turns = [call, {"type": "function_call_output", "call_id": "c", "output": "r"}]
        case _:
            function = {"name": "", "arguments": '{"a":1}'}
            turns = [
                {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": function}]},
                {"role": "tool", "tool_call_id": "c", "content": "r"},
            ]
    return body_of(client, turns)


def test_a_call_without_a_name_has_one_that_every_vendor_takes() -> None:
    """It stands in the history for good; the row names it, and its result is still its own."""
    for client, dialect in DIALECTS.items():
        conversation = dialect.read(unnamed(client))
        assert conversation.dropped == (UNNAMED_NOTE,), client
        parts = [part for turn in conversation.turns for part in turn.parts]
        (call,) = [part for part in parts if isinstance(part, ToolCall)]
        (result,) = [part for part in parts if isinstance(part, ToolResult)]
        assert (call.name, call.arguments, result.call_id) == (UNNAMED, {"a": 1}, call.id)
        for upstream, target in DIALECTS.items():
            facts = facts_for(MODELS[upstream], KINDS[upstream])
            written = target.write(paired(conversation, []), MODELS[upstream], facts, [])
            assert msgspec.json.encode(written).count(UNNAMED.encode()) >= 1, (client, upstream)


def other_unnamed() -> list[tuple[str, Json]]:
    """The calls of OpenAI's other forms, each with an empty name."""
    custom: Json = {"id": "c", "type": "custom", "custom": {"name": "", "input": "x"}}
    turns: list[Json] = [
        {"role": "assistant", "tool_calls": [custom]},
        {"role": "tool", "tool_call_id": "c", "content": "r"},
    ]
    older: list[Json] = [
        {"role": "assistant", "content": None, "function_call": {"name": "", "arguments": "{}"}},
        {"role": "function", "name": "", "content": "r"},
    ]
    item: list[Json] = [
        {"type": "custom_tool_call", "call_id": "c", "name": "", "input": "x"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "r"},
    ]
    bodies = (("chat", turns), ("chat", older), ("responses", item))
    return [(client, body_of(client, told)) for client, told in bodies]


def test_a_call_without_a_name_is_mended_for_its_own_vendor() -> None:
    """Also one of null. The rest of the body is the client's own; one whose calls have names is the same."""
    for client, with_empty in [*((client, unnamed(client)) for client in DIALECTS), *other_unnamed()]:
        dialect, text = DIALECTS[client], msgspec.json.encode(with_empty)
        for told in (b'"name":""', b'"name":null'):
            changes: list[str] = []
            body = msgspec.json.decode(text.replace(b'"name":""', told))
            mended = dialect.mend(body, changes)
            expected = text.replace(b'"name":""', b'"name":"%s"' % UNNAMED.encode())
            assert msgspec.json.encode(mended) == expected, (client, told)
            assert changes == [UNNAMED_NOTE]
            assert dialect.mend(mended, changes) is mended
            parts = [part for turn in dialect.read(body).turns for part in turn.parts]
            [call] = [part for part in parts if isinstance(part, ToolCall)]
            [result] = [part for part in parts if isinstance(part, ToolResult)]
            assert (call.name, result.call_id) == (UNNAMED, call.id), (client, told)


def test_a_name_that_is_no_calls_stays_what_it_is() -> None:
    """A speaker's may be empty, and a call without the field is the client's fault."""
    for body in (
        {"messages": [{"role": "user", "name": "", "content": "hi"}]},
        {"messages": [{"role": "assistant", "name": None, "function_call": None, "content": "hi"}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {}}, {"custom": None}, 7]}]},
        {
            "input": [
                {"type": "message", "name": "", "role": "user", "content": "hi"},
                {"type": "function_call"},
            ]
        },
    ):
        assert OPENAI_CHAT.mend(body, []) is body
