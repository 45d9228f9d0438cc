"""An empty object of arguments may be a placeholder: clients see what the events say, and nothing is lost."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.openai import OPENAI_CHAT
from relay.neutral.conversation import Json
from relay.neutral.events import Chunk
from tests.relay.dialects.openai.streams import call, chat, client_for, decoded, delta, state_of


def told(*chunks: Json) -> Chunk:
    """Each chunk comes in a read of its own."""
    return decoded(OPENAI_CHAT, [chat(chunk, done=False) for chunk in chunks] + [chat()])


def fragments(*given: Json) -> Json:
    return delta(tool_calls=list(given))


def events_say(chunk: Chunk) -> list[str]:
    """The calls' arguments; the answer is whole."""
    state = state_of(chunk.events)
    assert (state.failure, state.terminal) == (None, True)
    return [block.text for block in state.blocks if block.kind == "tool_call"]


def client_hears(chunk: Chunk) -> list[str]:
    """The calls' arguments as the SDK puts them together."""
    with client_for(chunk.raw).chat.completions.stream(model="m", messages=[]) as events:
        message: Any = events.get_final_completion().choices[0].message
    return [one.function.arguments for one in message.tool_calls or ()]


BEGUN = [fragments(call(0, "", "a", "f"))]
END = delta("tool_calls")
TEXT = json.dumps('{"a":1}')
TWO = [fragments(call(0, "", "a", "f")), END, fragments(call(1, "", "b", "g"))]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([*BEGUN, END, fragments(call(0, "{}"))], ["{}"]),
        ([*BEGUN, END, fragments(call(0, "{}")), fragments(call(0, '{"a":1}'))], ['{"a":1}']),
        ([*BEGUN, END, fragments(call(0, TEXT))], ['{"a":1}']),
        ([*BEGUN, END, delta(content="Hi"), fragments(call(0, "{}"))], ["{}"]),
        ([*TWO, fragments(call(1, "{}"))], ["", "{}"]),
        ([*TWO, fragments(call(1, TEXT))], ["", '{"a":1}']),
        ([*TWO, fragments(call(1, TEXT)), fragments(call(0, "{}"))], ["{}", '{"a":1}']),
        ([*TWO, fragments(call(1, TEXT)), fragments(call(0, TEXT))], ['{"a":1}', '{"a":1}']),
    ],
)
def test_arguments_behind_a_finish_reason_reach_the_client(chunks: list[Json], expected: list[str]) -> None:
    """``[DONE]`` ends what waits: an empty object behind which nothing came is one, and is passed on."""
    chunk = told(*chunks)
    assert client_hears(chunk) == expected
    assert events_say(chunk) == [text or "{}" for text in expected]


HALF = fragments(call(0, '{"a"', "c0", "f"))
REST = fragments(call(0, ":0}"))
TWICE = [fragments(call(1, "{}", "c1", "f")), fragments(call(2, "{}", "c2", "f"))]
BOTH = [fragments(call(1, "{}", "c1", "f"), call(2, "{}", "c2", "f"))]
B, C = fragments(call(1, '{"b":1}')), fragments(call(2, '{"c":1}'))
FIRST, SECOND = '{"a":0}', '{"b":1}'
ANNOUNCED = [fragments(call(0, "{}", "c0", "f")), fragments(call(1, "{}", "c1", "f"))]
OPENED = [fragments(call(0, "{", "c0", "f"))]
CLOSED = fragments(call(0, "}"))


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([HALF, *BOTH, B, C, REST], ['{"a":0}', '{"b":1}', '{"c":1}']),
        ([HALF, *TWICE, B, C, REST], ['{"a":0}', '{"b":1}', '{"c":1}']),
        ([HALF, *TWICE, C, B, REST], ['{"a":0}', '{"b":1}', '{"c":1}']),
        ([HALF, *BOTH, C, REST], ['{"a":0}', "{}", '{"c":1}']),
        ([HALF, *TWICE, B, REST], ['{"a":0}', '{"b":1}', "{}"]),
        ([fragments(call(0, "{}", "c0", "f"), call(0, '{"a":0}'))], ['{"a":0}']),
        (
            [fragments(call(0, "{}", "c0", "f")), fragments(call(0, "{}")), fragments(call(0, '{"a":0}'))],
            ['{"a":0}'],
        ),
        ([fragments(call(0, "{}", "c0", "f")), fragments(call(0, "{}"))], ["{}"]),
        ([*ANNOUNCED, fragments(call(0, FIRST)), B], [FIRST, SECOND]),
        (
            [*ANNOUNCED, fragments(call(0, FIRST[:3])), fragments(call(0, FIRST[3:]), call(1, SECOND))],
            [FIRST, SECOND],
        ),
        ([*ANNOUNCED, B], ["{}", SECOND]),
        ([*ANNOUNCED, fragments(call(0, FIRST))], [FIRST, "{}"]),
        (
            [fragments(call(0, "{}", "c0", "f"), call(1, "{}", "c1", "f")), fragments(call(0, FIRST)), B],
            [FIRST, SECOND],
        ),
        ([*OPENED, CLOSED, fragments(call(0, FIRST))], [FIRST]),
        ([*OPENED, CLOSED, fragments(call(0, "{")), fragments(call(0, FIRST[1:]))], [FIRST]),
        ([*OPENED, CLOSED], ["{}"]),
        ([fragments(call(0, "{}{}", "c0", "f"))], ["{}"]),
        ([fragments(call(0, "{ }{", "c0", "f")), fragments(call(0, FIRST[1:]))], [FIRST]),
        ([*OPENED, fragments(call(0, "}{}"))], ["{}"]),
        ([*OPENED, fragments(call(0, "}{")), fragments(call(0, FIRST[1:]))], [FIRST]),
        ([*OPENED, CLOSED, fragments(call(1, SECOND, "c1", "f"))], ["{}", SECOND]),
        ([*OPENED, fragments(call(1, SECOND, "c1", "f")), CLOSED], ["{}", SECOND]),
        (
            [*OPENED, fragments(call(1, SECOND, "c1", "f")), CLOSED, fragments(call(0, "{}"))],
            ["{}", SECOND],
        ),
    ],
)
def test_each_placeholder_is_dropped_where_it_stands(chunks: list[Json], expected: list[str]) -> None:
    """Several calls of one chunk, or of several chunks that wait, each have their own."""
    chunk = told(*chunks, END)
    assert client_hears(chunk) == expected
    assert events_say(chunk) == expected


def test_an_object_whose_beginning_comes_alone_keeps_its_bytes() -> None:
    """It waits for the next piece, as an empty one may: nothing is put right."""
    chunks = [
        *OPENED,
        fragments(call(0, FIRST[1:])),
        fragments(call(1, "{", "c1", "f")),
        fragments(call(1, "}")),
    ]
    chunk = told(*chunks, END)
    assert chunk.raw == b"".join(chat(one, done=False) for one in [*chunks, END]) + chat()
    assert client_hears(chunk) == events_say(chunk) == [FIRST, "{}"]


def older(arguments: str, **name: str) -> Json:
    return delta(function_call={"arguments": arguments, **name})


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["{}"], "{}"),
        (["{}", '{"a"', ":1}"], '{"a":1}'),
        ([TEXT], '{"a":1}'),
        ([TEXT[:3], TEXT[3:]], '{"a":1}'),
        (['{"a":', "1}", '{"a":1}'], '{"a":1}'),
    ],
)
def test_a_call_of_the_older_functions_is_put_right_too(pieces: list[str], expected: str) -> None:
    """It has a form of its own for clients; the end may stand in its last piece, or behind it."""
    first, *rest = pieces
    for finish in (False, True):
        chunks = [older(first, name="f"), *map(older, rest)]
        if finish:
            chunks[-1]["choices"][0]["finish_reason"] = "function_call"
        chunk = told(*chunks, *([] if finish else [delta("function_call")]))
        assert events_say(chunk) == [expected]
        with client_for(chunk.raw).chat.completions.stream(model="m", messages=[]) as events:
            heard: Any = events.get_final_completion().choices[0].message.function_call
        assert (heard.name, heard.arguments) == ("f", expected)


PIECES = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 2]),
        st.sampled_from(["{}", "{", "}", "{}{}", "}{", '{"a"', ":1}", '{"a":1}', " "]),
        st.booleans(),
    ),
    max_size=8,
)


@given(pieces=PIECES, at=st.integers(0, 8))
def test_a_client_hears_what_the_events_say(pieces: list[tuple[int, str, bool]], at: int) -> None:
    """However the fragments are mixed and cut, and wherever the end is told, if the calls are whole."""
    begun: set[int] = set()
    chunks: list[list[Json]] = []
    for number, text, is_next in pieces:
        new = number not in begun
        begun.add(number)
        fragment = call(number, text, f"c{number}", "f") if new else call(number, text)
        if is_next or not chunks:
            chunks.append([])
        chunks[-1].append(fragment)
    told_chunks = [fragments(*one) for one in chunks]
    told_chunks.insert(at, END)
    chunk = told(*told_chunks)
    if state_of(chunk.events).failure is not None:
        return
    expected = [json.loads(text) for text in events_say(chunk)]
    assert [json.loads(text.strip() or "{}") for text in client_hears(chunk)] == expected
