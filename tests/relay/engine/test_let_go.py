"""What an exchange holds while it runs goes with its end."""

import gc

import pytest

from relay.engine.answer.answer import Answer
from relay.engine.attempts import serve
from relay.engine.commands import Done, Interrupted, Opened, OpenUpstream, PickAccount, Read
from relay.engine.retrying.deadlines import TimeLimits
from tests.relay.engine.playbook import Given
from tests.relay.engine.script import ANN, STOPPED, says


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_an_answer_is_let_go_of_at_the_end(is_interrupted: bool) -> None:
    """Nothing refers to itself in a circle: an answer's text does not wait for the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        assert _text_of_run(is_interrupted) == ("" if is_interrupted else "Hello")
        assert not [made for made in gc.get_objects() if type(made) is Answer]
    finally:
        gc.enable()


def _text_of_run(is_interrupted: bool) -> str:
    engine = serve(TimeLimits(), 1, is_collected=False)
    command = next(engine)
    try:
        while True:
            match command:
                case PickAccount():
                    command = engine.send(ANN)
                case OpenUpstream():
                    command = engine.send(Opened(1.0))
                case Read() if is_interrupted:
                    command = engine.throw(Interrupted("client"))
                case Read():
                    given = says("Hello", *STOPPED)
                    assert isinstance(given, Given)
                    command = engine.send(given.make(command, 1.0))
                case _:
                    command = engine.send(Done(1.0))
    except StopIteration as end:
        text: str = end.value.state.text
        return text
