"""Why a prompt cache was not read: each staged cause is named, and where nothing is wrong nothing is said."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given

from monitor.diagnosis.cache_advice import WORDS
from monitor.record.cache_misses import CAUSES
from monitor.words.labels import CACHE_MISS_LABELS
from relay.caching import stored_form
from relay.caching.footprint import MOST_TURNS, footprint_of
from relay.caching.kept import MOST_KEPT, Kept, with_newest
from relay.caching.misses import CacheMiss, Found, miss_of
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from tests.relay.dialects.anthropic.bodies import JSON

NOW, MINIMUM, TURN_TOKENS = 1_000_000.0, 1024, 2_000
MARK = {"type": "ephemeral"}


def tool(name: str) -> dict[str, Any]:
    return {"name": name, "description": f"The {name}.", "input_schema": {"type": "object"}}


def body(turns: int, *, model: str = "claude-opus-5", ttl: str = "", **more: Any) -> dict[str, Any]:
    """A request of Claude Code's, after so many turns of the user's: its marks are at the end."""
    messages: list[dict[str, Any]] = []
    for number in range(turns):
        messages.append({"role": "user", "content": f"Question {number}."})
        messages.append({"role": "assistant", "content": [{"type": "text", "text": f"Answer {number}."}]})
    messages.pop()
    mark = {**MARK, **({"ttl": ttl} if ttl else {})}
    last = {"type": "text", "text": messages[-1]["content"], "cache_control": mark}
    messages[-1] = {"role": "user", "content": [last]}
    return {
        "model": model,
        "tools": [tool("read"), tool("write")],
        "system": [{"type": "text", "text": "You help.", "cache_control": mark}],
        "messages": messages,
        **more,
    }


def kept(
    asked: dict[str, Any], turns: int, *, account: int = 1, at: float = NOW, said: Any = None, **more: Any
) -> Kept:
    """What that request leaves, with so many turns' tokens in the cache."""
    footprint = footprint_of(ANTHROPIC.prompt(asked), asked["model"])
    return Kept(
        asked=footprint,
        said=footprint if said is None else footprint_of(ANTHROPIC.prompt(said), said["model"]),
        account=account,
        email=f"account-{account}@example.com",
        at=at,
        held_tokens=turns * TURN_TOKENS,
        **more,
    )


def found(read_turns: float | None, turns: int, **more: Any) -> Found:
    read = None if read_turns is None else int(read_turns * TURN_TOKENS)
    return Found(read, turns * TURN_TOKENS, MINIMUM, caches=True, **more)


BEFORE = kept(body(5), 5)


def after(asked: dict[str, Any] | None = None, **more: Any) -> Kept:
    """The next request, half a minute later."""
    return kept(body(6) if asked is None else asked, 6, at=more.pop("at", NOW + 30), **more)


def edited(change: Any) -> dict[str, Any]:
    """The next request, changed."""
    asked = copy.deepcopy(body(6))
    change(asked)
    return asked


def edits_turn(asked: dict[str, Any]) -> None:
    asked["messages"][2]["content"] = "Another question."


def takes_another_way(asked: dict[str, Any]) -> None:
    asked["messages"] = [
        *asked["messages"][:4],
        {"role": "user", "content": "Let us do something else."},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "And then?"},
    ]


def compacts(asked: dict[str, Any]) -> None:
    asked["messages"] = [{"role": "user", "content": "This session goes on from: …"}]


def dates(asked: dict[str, Any]) -> None:
    asked["system"][0]["text"] = "You help. It is 12:01."


def unmarks(asked: dict[str, Any]) -> None:
    asked["system"][0].pop("cache_control")
    asked["messages"][-1]["content"][0].pop("cache_control")


def reaches_far(asked: dict[str, Any]) -> None:
    keeps_its_system(asked)
    asked["system"][0].pop("cache_control")


def keeps_its_system(asked: dict[str, Any]) -> None:
    calls = [{"type": "tool_use", "id": f"t{n}", "name": "read", "input": {}} for n in range(15)]
    results = [{"type": "tool_result", "tool_use_id": f"t{n}", "content": "x"} for n in range(15)]
    results[-1]["cache_control"] = MARK
    asked["messages"][8:] = [
        {"role": "user", "content": "Question 4."},
        {"role": "assistant", "content": calls},
        {"role": "user", "content": results},
    ]


HEALED = edited(lambda asked: asked["messages"][1].update(content=[{"type": "text", "text": "<thinking> …"}]))

STAGED: list[tuple[str, Kept, Found, CacheMiss | None]] = [
    (
        "the tools were reordered",
        after(edited(lambda asked: asked["tools"].reverse())),
        found(0, 6),
        CacheMiss("tools", 10_000, "reordered"),
    ),
    (
        "a tool was added",
        after(edited(lambda asked: asked["tools"].append(tool("more")))),
        found(0, 6),
        CacheMiss("tools", 10_000),
    ),
    ("a date stands in the system prompt", after(edited(dates)), found(0.5, 6), CacheMiss("system", 9_000)),
    ("an earlier turn was edited", after(edited(edits_turn)), found(1, 6), CacheMiss("turn", 8_000, "3")),
    (
        "the conversation took another way",
        after(edited(takes_another_way)),
        found(2, 4),
        CacheMiss("fork", 4_000, "5"),
    ),
    ("it was compacted", after(edited(compacts)), found(0.5, 2), CacheMiss("history", 3_000, "9 → 1")),
    (
        "the model was changed",
        after(body(6, model="claude-fable-5")),
        found(0, 6),
        CacheMiss("model", 10_000, "claude-opus-5 → claude-fable-5"),
    ),
    (
        "a tool was forced",
        after(body(6, tool_choice={"type": "any"})),
        found(1, 6),
        CacheMiss("settings", 8_000, "tool_choice"),
    ),
    (
        "the account was limited",
        after(account=2),
        found(0, 6, moved="quota"),
        CacheMiss("account", 10_000, "account-1@example.com → account-2@example.com: quota"),
    ),
    (
        "the history was healed",
        after(HEALED, said=body(6), changes=("history repaired",)),
        found(0.5, 6),
        CacheMiss("server", 9_000, "history repaired"),
    ),
    ("six minutes passed", after(at=NOW + 360), found(0, 6), CacheMiss("expired", 10_000, "360 s")),
    ("the client stopped marking", after(edited(unmarks)), found(0, 6), CacheMiss("unmarked", 10_000)),
    (
        "thirty blocks lie between the marks",
        after(edited(reaches_far)),
        found(0, 6),
        CacheMiss("lookback", 10_000, "30"),
    ),
    (
        "thirty blocks lie there, and the mark on the system prompt is found",
        after(edited(keeps_its_system)),
        found(0.5, 6),
        CacheMiss("lookback", 9_000, "30"),
    ),
    (
        "nor was the system prompt read, which is near",
        after(edited(keeps_its_system)),
        found(0, 6),
        CacheMiss("upstream", 10_000),
    ),
    ("nothing is different", after(), found(0, 6), CacheMiss("upstream", 10_000)),
    (
        "upstream says what it was",
        after(),
        found(0, 6, told="system_changed"),
        CacheMiss("system", 10_000, is_told=True),
    ),
    ("all of it was read", after(), found(5, 6), None),
    ("a little less was read", after(), found(4.8, 6), None),
    ("it is not told what was read", after(), found(None, 6), None),
    ("what is too short for the cache", kept(body(2), 0.3, at=NOW + 30), Found(0, 500, MINIMUM, True), None),
]


def test_each_staged_miss_is_named(subtests: pytest.Subtests) -> None:
    """By its cause, what exactly, and the tokens that could have been read; or nothing is said."""
    for what, now, told, miss in STAGED:
        with subtests.test(what):
            assert miss_of([BEFORE], now, told) == miss


def test_the_tools_of_gemini_are_told_one_by_one() -> None:
    """It declares all functions in one tool: their order is a change of its own there too."""
    prints = [
        footprint_of(GEMINI.prompt({"tools": [{name: functions}, {"googleSearch": {}}]}), "m")
        for name in ("functionDeclarations", "function_declarations")
        for functions in ([tool("read"), tool("write")], [tool("write"), tool("read")], [tool("read")])
    ]
    assert [one.tools == prints[0].tools for one in prints] == [True, False, False] * 2
    assert [one.same_tools == prints[0].same_tools for one in prints] == [True, True, False] * 2


@pytest.mark.parametrize(
    ("told", "miss"),
    [
        ("tools_changed", CacheMiss("tools", 9_000, is_told=True)),
        ("verbosity_changed", CacheMiss("settings", 9_000, "verbosity", is_told=True)),
        ("context_compacted", CacheMiss("history", 9_000, is_told=True)),
        ("input_changed", None),  # the system prompt, or a turn
        ("previous_message_not_found", None),
        ("", None),
    ],
)
def test_upstreams_word_stands_alone_after_a_restart(told: str, miss: CacheMiss | None) -> None:
    """With nothing to compare with: what it names, as far as that was not read all the same."""
    assert miss_of([], after(), found(0, 6, told=told, told_tokens=9_000)) == miss
    assert miss_of([], after(), found(5.9, 6, told=told, told_tokens=9_000)) is None
    assert miss_of([], after(), found(None, 6, told=told, told_tokens=9_000)) is None
    assert miss_of([], after(), found(0, 6, told=told)) is None


def test_openais_later_models_keep_it_for_half_an_hour() -> None:
    """By the model's facts, or longer where it is asked for: within that it is upstream's side."""
    asked = {"model": "m", "input": "Hi.", "prompt_cache_options": {"ttl": "12h"}}
    longest = footprint_of(OPENAI_RESPONSES.prompt(asked), "m", 1800)
    usual = footprint_of(OPENAI_RESPONSES.prompt({"model": "m", "input": "Hi."}), "m", 1800)
    assert (longest.lasts_seconds, usual.lasts_seconds) == (43_200, 1800)
    before = msgspec.structs.replace(BEFORE, asked=usual, said=usual)
    for seconds, cause in ((360, "upstream"), (1900, "expired")):
        now = msgspec.structs.replace(before, at=NOW + seconds)
        miss = miss_of([before], now, found(0, 6))
        assert miss is not None
        assert miss.cause == cause


def test_openai_caches_what_is_marked_where_it_is_asked_to() -> None:
    """In mode ``explicit`` nothing is cached by itself: a prompt without marks leaves nothing there."""
    explicit = {"model": "m", "input": "Hi.", "prompt_cache_options": {"mode": "explicit"}}
    assert OPENAI_RESPONSES.prompt(explicit).marks == ()
    assert OPENAI_RESPONSES.prompt({"model": "m", "input": "Hi."}).marks is None


def test_an_hour_is_an_hour() -> None:
    """Where the marks ask for an hour, six minutes are none too many, and two hours are."""
    before = kept(body(5, ttl="1h"), 5)
    now = body(6, ttl="1h")
    assert miss_of([before], after(now, at=NOW + 360), found(0, 6)) == CacheMiss("upstream", 10_000)
    assert miss_of([before], after(now, at=NOW + 7200), found(0, 6)) == CacheMiss("expired", 10_000, "7200 s")


def test_two_hundred_turns_without_a_miss() -> None:
    """A long conversation with a side request on each turn, told as upstream counts: none is reported."""
    requests: list[Kept] = []
    for turns in range(1, 201):
        now = kept(body(turns), turns, at=NOW + 60 * turns)
        assert miss_of(requests, now, found(turns - 1, turns)) is None
        requests = with_newest(requests, now)
        title = {
            "model": "claude-haiku-4-5",
            "system": "Give a title.",
            "messages": [{"role": "user", "content": f"Question {turns}."}],
        }
        side = kept(title, 0, at=NOW + 60 * turns + 1)
        assert miss_of(requests, side, Found(0, 300, MINIMUM, caches=True)) is None
        requests = with_newest(requests, side)
        assert len(requests) <= MOST_KEPT


def test_it_is_compared_with_the_branch_that_it_goes_on_from() -> None:
    """Two branches of one conversation, one after the other: neither is a change of the other."""
    other = edited(takes_another_way)
    requests = with_newest([BEFORE], kept(other, 5))
    assert len(requests) == 2
    assert miss_of(requests, after(), found(5, 6)) is None
    longer = copy.deepcopy(other)
    longer["messages"] += [{"role": "assistant", "content": "So."}, {"role": "user", "content": "Well?"}]
    assert miss_of(requests, after(longer), found(0, 6)) == CacheMiss("upstream", 10_000)


def test_back_on_the_account_where_it_was() -> None:
    """The account that has less of the conversation than the last one: its change is the reason."""
    on_both = with_newest([BEFORE], kept(body(10), 10, account=2, at=NOW + 60))
    now = kept(body(11), 11, account=1, at=NOW + 90)
    assert miss_of(on_both, now, found(5, 11)) == CacheMiss(
        "account", 10_000, "account-2@example.com → account-1@example.com"
    )


def test_a_changed_beginning_may_lead_to_another_account() -> None:
    """The account is chosen by it: then the change is the reason, unless the account was out of use."""
    now = after(edited(dates), account=2)
    assert miss_of([BEFORE], now, found(0, 6)) == CacheMiss("system", 10_000)
    of_another_model = after(body(6, model="claude-fable-5"), account=2)
    assert miss_of([BEFORE], of_another_model, found(0, 6)) == CacheMiss(
        "model", 10_000, "claude-opus-5 → claude-fable-5"
    )
    moved = miss_of([BEFORE], now, found(0, 6, moved="quota"))
    assert moved is not None
    assert moved.cause == "account"


def test_what_is_not_known_is_not_guessed() -> None:
    """An upstream of which nobody knows whether it caches, until it was seen to; then no count is none."""
    asked = {"model": "m", "messages": [{"role": "user", "content": "Hi."}]}
    longer = {**asked, "messages": [*asked["messages"], {"role": "assistant", "content": "Yes?"}]}
    before, now = (
        msgspec.structs.replace(
            BEFORE, asked=(one := footprint_of(OPENAI_CHAT.prompt(it), "m")), said=one, held_tokens=10_000
        )
        for it in (asked, longer)
    )
    for read in (0, None):
        unknown = Found(read, 12_000, MINIMUM, caches=False)
        assert miss_of([before], now, unknown) is None
        seen = msgspec.structs.replace(before, tells=True)
        assert miss_of([seen], now, unknown) == CacheMiss("upstream", 10_000)


def test_of_the_longest_conversations_the_end_is_not_compared() -> None:
    """What is not kept may have changed: then nothing is said."""
    before, now = kept(body(MOST_TURNS), 5), kept(body(MOST_TURNS + 1), 6, at=NOW + 30)
    assert before.asked.count > before.asked.kept == MOST_TURNS
    assert miss_of([before], now, found(0, 6)) is None


def test_it_is_kept_as_text() -> None:
    """What another process reads is what was written; what it cannot read is nothing."""
    assert stored_form.read(stored_form.written([BEFORE, after()])) == [BEFORE, after()]
    assert stored_form.read("no such thing") == []


def test_every_cause_has_its_words() -> None:
    """For the request's page, for filters, and what to do."""
    assert set(CAUSES) == set(WORDS) == set(CACHE_MISS_LABELS)
    assert {miss.cause for _, _, _, miss in STAGED if miss is not None} == set(CAUSES)


@given(JSON)
def test_no_body_breaks_it(value: Any) -> None:
    """Whatever stands in the place of tools, system prompt and turns."""
    asked = {"tools": value, "system": value, "messages": value, "contents": value, "cache_control": value}
    for dialect in (ANTHROPIC, OPENAI_CHAT, GEMINI):
        footprint_of(dialect.prompt(asked), "m")
