"""How far an answer is: upstream's number where it keeps up, else an estimate that says so."""

import pytest

from relay.exchange.record.progress import Progress, ProgressReader, progress
from relay.neutral.events import ArgumentsDelta, BlockStart, StreamState, TextDelta, ThinkingDelta, Usage


@pytest.mark.parametrize(
    ("told", "characters", "expected"),
    [
        (None, 0, Progress(0, True)),
        (None, 9, Progress(3, True)),
        (1, 4, Progress(1, False)),
        (1, 4000, Progress(1000, True)),  # Anthropic tells 1 at the beginning, the sum at the end
        (600, 4000, Progress(600, False)),
        (5000, 400, Progress(5000, False)),  # thinking that is not shown counts too
    ],
)
def test_upstream_is_believed_if_it_keeps_up(told: int | None, characters: int, expected: Progress) -> None:
    """A number far behind what was said is one of the beginning."""
    assert progress(told, characters) == expected


def test_text_thinking_and_arguments_count_once() -> None:
    """Each look adds what came since the last, over blocks that begin meanwhile."""
    state = StreamState()
    states = {"a": state, "silent": StreamState()}
    reader = ProgressReader(states)
    state.fold([BlockStart(0, "thinking"), ThinkingDelta(0, "1234")])
    assert reader.read(["a", "silent", "gone"]) == {"a": Progress(1, True)}
    state.fold([ThinkingDelta(0, "5678"), BlockStart(1, "text"), TextDelta(1, "1234")])
    state.fold([BlockStart(2, "tool_call", "id", "name"), ArgumentsDelta(2, '{"a"')])
    assert reader.read(["a"]) == reader.read(["a"]) == {"a": Progress(4, True)}
    state.fold([ArgumentsDelta(2, ": 1}"), Usage(output=90)])
    assert reader.read(["a"]) == {"a": Progress(90, False)}
    states.clear()
    assert reader.read(["a"]) == {}
