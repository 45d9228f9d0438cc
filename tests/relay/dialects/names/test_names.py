"""Names that upstream refuses, ids that a client refuses: changed on the way, unseen by the client."""

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.anthropic.requests.mend import mend
from relay.dialects.interface import Dialect
from relay.dialects.names.aliases import NONE, Aliases, aliased
from relay.dialects.names.answers import ClientNames
from relay.dialects.names.call_ids import plain_id, told_id
from relay.dialects.names.rules import NameRule
from relay.neutral.conversation import (
    Conversation,
    Json,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from relay.neutral.events import ArgumentsDelta, BlockStart, BlockStop, Chunk, Event, Terminal, TextDelta
from tests.relay.dialects.every_dialect import DIALECTS

DOCUMENTED = {
    "anthropic": r"[a-zA-Z0-9_-]{1,128}",
    "gemini": r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}",
    "chat": r"[a-zA-Z0-9_-]{1,64}",
    "responses": r"[a-zA-Z0-9_-]{1,64}",
}
"""What each vendor's documentation, types or 400s say of a tool's name."""

ODD = ("github.search", "ns:tool", "21st_magic", "-lead", "a" * 65, "b" * 129, "天気", "x y", "plain")
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "$filter": {"type": "string"},
        "ok": {"type": "array", "items": {"$ref": "#/$defs/row"}},
    },
    "required": ["$filter"],
    "$defs": {
        "row": {"type": "object", "properties": {"@type": {"enum": ["$filter"]}}, "required": ["@type"]}
    },
}


def asked(dialect: Dialect, name: str) -> tuple[Conversation, Aliases, list[str]]:
    """A conversation that offers, forces, calls and answers the tool ``name``, in names that are taken."""
    arguments = {"$filter": "a", "ok": [{"@type": "$filter"}]}
    conversation = Conversation(
        turns=(
            Turn("user", (Text("hi"),)),
            Turn("assistant", (ToolCall("c1", name, arguments),)),
            Turn("user", (ToolResult("c1", name, (Text("42"),)),)),
        ),
        tools=(Tool(name, "d", SCHEMA),),
        tool_choice=ToolChoice("any", (name,)),
    )
    changes: list[str] = []
    renamed, aliases = aliased(conversation, dialect.tool_names, dialect.property_names, changes)
    if renamed is conversation:
        assert (aliases, changes) == (NONE, [])
    return renamed, aliases, changes


def test_each_vendor_gets_names_that_it_takes() -> None:
    """Tool, choice, call and result are called alike, by a name that the vendor documents as possible."""
    for key, dialect in DIALECTS.items():
        for name in ODD:
            renamed, aliases, changes = asked(dialect, name)
            sent = renamed.tools[0].name
            assert re.fullmatch(DOCUMENTED[key], sent), (key, name, sent)
            call, result = renamed.turns[1].parts[0], renamed.turns[2].parts[0]
            assert isinstance(call, ToolCall)
            assert isinstance(result, ToolResult)
            assert {sent, *renamed.tool_choice.names, call.name, result.name} == {sent}
            is_legal = re.fullmatch(DOCUMENTED[key], name) is not None
            assert is_legal == (sent == name)
            assert is_legal == (not aliases.tools)
            assert is_legal or any(name in change and sent in change for change in changes)


def test_properties_have_names_that_claude_takes() -> None:
    """At every depth, in the schema, in what it requires and in earlier calls; values stay what they are."""
    renamed, aliases, changes = asked(DIALECTS["anthropic"], "plain")
    text = json.dumps(renamed.tools[0].schema)
    names = aliases.properties["plain"]
    assert list(names) == ["$filter", "@type"]
    assert all(re.fullmatch(r"[a-zA-Z0-9_.-]{1,64}", alias) for alias in names.values())
    assert renamed.tools[0].schema["required"] == [names["$filter"]]
    assert renamed.tools[0].schema["$defs"]["row"]["required"] == [names["@type"]]
    assert '"@type"' not in text
    assert '["$filter"]' in text  # an enum's value
    call = renamed.turns[1].parts[0]
    assert isinstance(call, ToolCall)
    assert call.arguments == {names["$filter"]: "a", "ok": [{names["@type"]: "$filter"}]}
    assert changes == ["properties of plain have other names there: $filter, @type"]


@given(st.text(max_size=200), st.text(max_size=200))
def test_an_alias_stands_for_one_name(one: str, other: str) -> None:
    """Aliases are legal, the same every time, and differ where the names do."""
    for dialect in DIALECTS.values():
        rule = dialect.tool_names
        assert rule.takes(rule.alias(one))
        assert (rule.alias(one) == rule.alias(other)) == (one == other)


class Scripted:
    """A decoder that gives what it was told to."""

    def __init__(self, *chunks: list[Event]) -> None:
        self.bent: list[str] = []
        self._chunks = [Chunk(b"raw", events) for events in chunks]

    def feed(self, data: bytes) -> Chunk:
        return self._chunks.pop(0)

    def finish(self) -> Chunk:
        return Chunk(b"", [])


def heard(aliases: Aliases, *chunks: list[Event]) -> list[Event]:
    """What a client whose ids are plain is told."""
    decoder = ClientNames(Scripted(*chunks), aliases, plain_id)
    told = [event for _ in chunks for event in decoder.feed(b"").events]
    assert decoder.finish().events == []
    return told


def test_the_client_hears_its_own_names() -> None:
    """Name, id and properties are the client's again; what needs no change passes at once."""
    aliases = Aliases({"own.tool": "own_tool_1"}, {"own.tool": {"$filter": "_filter_1"}})
    call = BlockStart(1, "tool_call", "functions.Bash:0", "own_tool_1")
    told = heard(
        aliases,
        [BlockStart(0, "text"), TextDelta(0, "_filter_1")],
        [BlockStop(0), call, ArgumentsDelta(1, '{"_fil')],
        [ArgumentsDelta(1, 'ter_1": "_filter_1"}'), BlockStop(1)],
        [BlockStart(2, "tool_call", "call_2", "other"), ArgumentsDelta(2, '{"_filter_1":'), Terminal()],
    )
    assert told == [
        BlockStart(0, "text"),
        TextDelta(0, "_filter_1"),
        BlockStop(0),
        BlockStart(1, "tool_call", plain_id("functions.Bash:0"), "own.tool"),
        ArgumentsDelta(1, '{"$filter":"_filter_1"}'),
        BlockStop(1),
        BlockStart(2, "tool_call", "call_2", "other"),
        ArgumentsDelta(2, '{"_filter_1":'),
        Terminal(),
    ]


def test_cut_arguments_are_told_as_they_came() -> None:
    """Of a call that never became whole the client gets what there is."""
    aliases = Aliases({}, {"tool": {"$filter": "_filter_1"}})
    told = heard(
        aliases, [BlockStart(0, "tool_call", "c", "tool"), ArgumentsDelta(0, '{"_filter_1": ')], [Terminal()]
    )
    assert told == [BlockStart(0, "tool_call", "c", "tool"), ArgumentsDelta(0, '{"_filter_1": '), Terminal()]


VALUES = st.recursive(
    st.none() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["$a", "@b", "c"]), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["$a", "@b", "c"]), VALUES), st.integers(1, 7))
def test_arguments_come_back_as_they_were_sent(arguments: dict[str, Any], size: int) -> None:
    """What was renamed on the way up is renamed back, in whatever pieces it comes."""
    rule = NameRule(frozenset("abc_0123456789def"), 20)
    aliases = Aliases({}, {"tool": {name: rule.alias(name) for name in ("$a", "@b")}})
    _, sent = aliases.sent("tool", arguments)
    assert not re.search(r'"[$@]\w":', json.dumps(sent))
    text = json.dumps(sent)
    pieces: list[Event] = [ArgumentsDelta(0, text[at : at + size]) for at in range(0, len(text), size)]
    told = heard(aliases, [BlockStart(0, "tool_call", "c", "tool")], pieces, [BlockStop(0)])
    assert json.loads("".join(event.json for event in told if isinstance(event, ArgumentsDelta))) == arguments


@given(st.text(max_size=60))
def test_an_id_is_plain_and_leads_back(call_id: str) -> None:
    """Any id becomes one that Anthropic's clients take, and is found again without being remembered."""
    plain = plain_id(call_id)
    assert re.fullmatch(r"[a-zA-Z0-9_-]*", plain)
    assert told_id(plain) == call_id
    assert plain_id(plain) == plain


def history(*ids: str) -> Json:
    """An Anthropic body that called a tool under each of these ids."""
    turns: list[Json] = [{"role": "user", "content": "go"}]
    for call_id in ids:
        use = {"type": "tool_use", "id": call_id, "name": "Bash", "input": {}}
        turns += [
            {"role": "assistant", "content": [{"type": "text", "text": "."}, use]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call_id, "content": "a"}]},
        ]
    return {"messages": turns}


def ids_in(body: Json) -> list[str]:
    blocks = [block for turn in body["messages"] for block in turn["content"] if isinstance(block, dict)]
    return [block.get("id") or block.get("tool_use_id") for block in blocks if block["type"] != "text"]


def test_a_history_with_foreign_ids_is_mended_before_claude() -> None:
    """Ids are legal and unique, results keep theirs, the same on every turn; good ones stay."""
    changes: list[str] = []
    body = history("toolu_1", "functions.Bash:0", "call_0", "call_0")
    ids = ids_in(mend(body, changes))
    assert ids[0::2] == ids[1::2]
    assert len(set(ids)) == 4
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", one) for one in ids)
    assert (ids[0], ids[4]) == ("toolu_1", "call_0")
    assert changes == ["ids of tool calls that Claude refuses were replaced"]
    longer = history("toolu_1", "functions.Bash:0", "call_0", "call_0", "functions.Bash:1")
    assert ids_in(mend(longer, []))[:8] == ids
    good = history("toolu_1", "call_x")
    assert mend(good, []) is good


def test_what_else_is_known_of_a_read_stays() -> None:
    """A call often comes with the finish reason: the end is not waited for then until upstream hangs up."""
    inner = Scripted()
    told = Chunk(b"raw", [BlockStart(0, "tool_call", "c", "f")], is_finishing=True, has_unheard=True)
    inner._chunks = [told]
    named = ClientNames(inner, NONE, plain_id).feed(b"")
    assert (named.is_finishing, named.has_unheard, named.raw) == (True, True, b"raw")
