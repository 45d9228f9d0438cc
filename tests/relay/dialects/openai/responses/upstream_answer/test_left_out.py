"""What only the finished items of a Responses stream tell, or its last event: told once, and nothing lost."""

from typing import Any

import pytest

from relay.dialects.openai import OPENAI_RESPONSES
from relay.neutral.conversation import Json
from relay.neutral.events import Chunk, Signature, Stop
from tests.relay.dialects.openai.responses.upstream_answer.test_servers import COMPLETED, blocks, item, told
from tests.relay.dialects.openai.streams import client_for


def message(*texts: str, **fields: Any) -> Json:
    content = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "role": "assistant", "status": "completed", "content": content, **fields}


def call(**fields: Any) -> Json:
    return {"type": "function_call", "name": "f", "arguments": '{"a":1}', **fields}


def completed(*output: Json) -> tuple[str, Json]:
    return "response.completed", {"response": {"id": "r", "model": "m", "output": list(output)}}


def delta(text: str, index: int = 0, part: int = 0, **place: Any) -> tuple[str, Json]:
    return "response.output_text.delta", {
        **place, "output_index": index, "content_index": part, "delta": text,
    }  # fmt: skip


def part_added(index: int = 0, part: int = 0) -> tuple[str, Json]:
    return "response.content_part.added", {
        "output_index": index,
        "content_index": part,
        "part": {"type": "output_text", "text": ""},
    }


def text_done(text: str, index: int = 0, part: int = 0, **place: Any) -> tuple[str, Json]:
    return "response.output_text.done", {
        **place, "output_index": index, "content_index": part, "text": text,
    }  # fmt: skip


def whole(index: int, told_item: Json) -> tuple[str, Json]:
    return "response.output_item.done", {"output_index": index, "item": told_item}


def texts(chunk: Chunk) -> list[str]:
    return [text for kind, _, _, text in blocks(chunk) if kind == "text" and text]


def heard(chunk: Chunk) -> str:
    """The text that a client of the same form reads from deltas, by OpenAI's own SDK."""
    with client_for(chunk.raw).responses.stream(model="m", input="x") as stream:
        return "".join(event.delta for event in stream if event.type == "response.output_text.delta")


ANNOUNCED = item("message", done=False, id="m_1", content=[])
REASONING: Json = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
SEARCH: Json = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([ANNOUNCED, completed(message("Hello", id="m_1"))], ["Hello"], id="announced alone"),
        pytest.param(
            [ANNOUNCED, part_added(), completed(message("Hello", id="m_1"))], ["Hello"], id="an empty part"
        ),
        pytest.param(
            [ANNOUNCED, part_added(), whole(0, message("Hello", id="m_1")), COMPLETED],
            ["Hello"],
            id="an empty part, and the item whole",
        ),
        pytest.param(
            [ANNOUNCED, delta("One.", item_id="m_1"), whole(0, message("One.", "Two.", id="m_1")), COMPLETED],
            ["One.", "Two."],
            id="a part that only the item tells",
        ),
        pytest.param(
            [ANNOUNCED, delta("One.", item_id="m_1"), completed(message("One.", "Two.", id="m_1"))],
            ["One.", "Two."],
            id="a part that only the last event tells",
        ),
    ],
)
def test_a_message_whose_text_comes_late(events: list[tuple[str, Json]], expected: list[str]) -> None:
    """Each part is told once, by the first event that says it; a client of the same form hears it as well."""
    chunk = told(*events)
    assert texts(chunk) == expected
    assert heard(chunk) == "".join(expected)
    assert chunk.raw.count(b"event: response.output_item.added") == 1


def test_a_part_whose_end_might_be_in_a_wrong_place() -> None:
    """Its end alone may be another's, so the item tells it: to a client of the same form, too."""
    said = delta("One.", item_id="m_1"), text_done("Two.", part=1, item_id="m_1")
    chunk = told(ANNOUNCED, *said, whole(0, message("One.", "Two.", id="m_1")), COMPLETED)
    assert texts(chunk) == ["One.", "Two."]
    assert chunk.raw.count(b"event: response.content_part.added") == 2
    assert b'"content_index":1,"delta":"Two."' in chunk.raw


@pytest.mark.parametrize("first", [REASONING, SEARCH], ids=["reasoning", "a search"])
def test_a_message_that_only_the_last_event_tells_behind_another_item(first: Json) -> None:
    """That something was told before does not make the message told."""
    begun = item(first["type"], done=False, id=first["id"])
    chunk = told(begun, whole(0, first), completed(first, message("Hello", id="m_1")))
    assert texts(chunk) == ["Hello"]
    assert heard(chunk) == "Hello"
    assert chunk.raw.count(b"event: response.output_item.added") == 2


def test_what_was_begun_is_finished_by_the_last_event() -> None:
    """A signature, or a call's name and arguments: what the finished item would have told."""
    begun = item("reasoning", done=False, id="rs_1"), item("function_call", done=False, index=1, id="fc_1")
    chunk = told(*begun, completed(REASONING, call(id="fc_1", call_id="c_1")))
    assert blocks(chunk) == [("thinking", "", "", ""), ("tool_call", "fc_1", "f", '{"a":1}')]
    assert Signature(0, "gAAA", "gpt") in chunk.events
    assert chunk.raw.count(b"event: response.output_item.added") == 2
    assert chunk.raw.count(b"event: response.output_item.done") == 2


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(
            [delta("Hi", item_id="m_1"), completed(message("Hi", id="m_1"))], ["Hi"], id="never finished"
        ),
        pytest.param([ANNOUNCED, completed(message("Hi", id="m_9"))], ["Hi"], id="announced with another id"),
        pytest.param(
            [delta("Hi"), whole(0, message("Hi", id="x")), completed(message("Hi", id="y"))],
            ["Hi"],
            id="another id at each step",
        ),
        pytest.param(
            [delta("Hi"), whole(0, message("Hi")), completed(REASONING, message("Hi", id="y"))],
            ["Hi"],
            id="thoughts in the list alone",
        ),
        pytest.param(
            [delta("Hi", index=1), whole(1, message("Hi")), completed(message("Hi", id="y"))],
            ["Hi"],
            id="another index",
        ),
        pytest.param(
            [("response.output_text.delta", {"delta": "Hi"}), completed(message("Hi", id="y"))],
            ["Hi"],
            id="no index",
        ),
        pytest.param(
            [ANNOUNCED, part_added(), delta("H", part=1), delta("i", part=2), whole(0, message("Hi"))],
            ["H", "i"],
            id="parts that are counted with the deltas",
        ),
        pytest.param(
            [ANNOUNCED, delta("Hi", item_id="m_1"), whole(1, message("Hi", id="m_1"))],
            ["Hi"],
            id="an item that ends in the place of the next",
        ),
        pytest.param(
            [delta("Hi"), whole(0, message("Hi", id="m_1")), completed(message("Hi"), message("Ho"))],
            ["Hi", "Ho"],
            id="a second message in the list alone",
        ),
    ],
)
def test_servers_that_count_otherwise(events: list[tuple[str, Json]], expected: list[str]) -> None:
    """Ids and places that do not agree (vLLM counts parts by the delta) make nothing told twice, or lost."""
    ends = [] if events[-1][0] == "response.completed" else [completed(message("Hi", id="m_1"))]
    assert texts(told(*events, *ends)) == expected


def test_calls_are_told_once_whatever_their_ids() -> None:
    """A call told twice would be run twice; one that the list alone tells is run once."""
    first, second = call(id="fc_1", call_id="c_1"), call(id="fc_2", call_id="c_2", name="g")
    chunk = told(whole(1, first), completed({**first, "id": "fc_9"}, second))
    assert [(block[1], block[2]) for block in blocks(chunk)] == [("c_1", "f"), ("c_2", "g")]


def test_a_whole_call_in_the_place_of_a_text() -> None:
    """Some servers give every item the same index: what is of another kind was not told."""
    chunk = told(delta("Hi"), whole(0, message("Hi")), whole(0, call(call_id="c_1")), COMPLETED)
    assert blocks(chunk) == [("text", "", "", "Hi"), ("tool_call", "c_1", "f", '{"a":1}')]


def test_thoughts_are_not_told_behind_what_they_led_to() -> None:
    """Listed before a text that was told, they come too late: a history would have them behind it."""
    chunk = told(delta("Hi"), whole(0, message("Hi")), completed(REASONING, message("Hi")))
    assert blocks(chunk) == [("text", "", "", "Hi")]


def test_a_long_list_is_read_in_one_pass() -> None:
    """Each listed item is told once, however many there are."""
    output = [message(str(number), id=f"m_{number}") for number in range(300)]
    told_before = [whole(number, one) for number, one in enumerate(output) if number % 2]
    assert sorted(map(int, texts(told(*told_before, completed(*output))))) == list(range(300))


def test_nothing_is_added_to_a_stream_that_told_all() -> None:
    """The last event of OpenAI's own streams lists what was told: their bytes stay as they are."""
    said = message("Hi", id="m_1")
    events = [
        ANNOUNCED,
        part_added(),
        delta("Hi", item_id="m_1"),
        text_done("Hi", item_id="m_1"),
        whole(0, said),
        completed(said),
    ]
    chunk = told(*events)
    assert texts(chunk) == ["Hi"]
    assert chunk.raw.count(b"\n\n") == len(events) + 1
    assert OPENAI_RESPONSES.collect(chunk.raw)


def test_items_that_share_a_place_are_all_told() -> None:
    """Some servers give all items one index, or none: each is told once, and a call makes the answer one."""
    thoughts: Json = {"type": "reasoning", "summary": [{"text": "Hm"}]}
    first, second = call(call_id="c_1"), call(call_id="c_2", name="g")
    thought = ("thinking", "", "", "Hm")
    f, g = (("tool_call", f"c_{one}", name, '{"a":1}') for one, name in (("1", "f"), ("2", "g")))
    begun = item("reasoning", done=False)
    for place in ({"output_index": 0}, {}):
        table: list[tuple[list[Any], list[Json], list[Any]]] = [
            ([begun, thoughts, first], [], [thought, f]),
            ([begun, thoughts, first, second], [], [thought, f, g]),
            ([first, second], [], [f, g]),
            ([first, thoughts], [], [f, thought]),
            ([begun, thoughts, first, first], [first], [thought, f]),
            ([begun, thoughts, first], [thoughts, first, second], [thought, f, g]),
            ([first, message("Hi")], [], [f, ("text", "", "", "Hi")]),
        ]
        for items, listed, expected in table:
            events = [
                (one[0], {**place, "item": one[1]["item"]})
                if isinstance(one, tuple)
                else ("response.output_item.done", {**place, "item": one})
                for one in items
            ]
            chunk = told(*events, completed(*listed))
            assert blocks(chunk) == expected, (place, items)
            reason = "tool_use" if f in expected else "end_turn"
            assert [event.reason for event in chunk.events if isinstance(event, Stop)] == [reason]


def test_a_text_is_no_thought_of_the_item_in_its_place() -> None:
    """Thinking that was not finished takes nothing from a message that has the same index."""
    chunk = told(item("reasoning", done=False), whole(0, message("Hi")), COMPLETED)
    assert blocks(chunk) == [("thinking", "", "", ""), ("text", "", "", "Hi")]
