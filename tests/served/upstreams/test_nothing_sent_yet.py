"""An answer that began upstream and broke before its client got a byte: an error's status, never a 200."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.served.raw_upstream import CHUNKED, EVENT_STREAM, RawUpstream, Then, chunked, head
from tests.served.requests.test_bad_input import error_in_dialect
from tests.served.world import World

MODEL = "gpt-raw"
START = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message",'
    b'"role":"assistant","model":"m","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}\n\n'
)
CALL = (
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":'
    b'{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}}\n\n'
)
BROKEN = (head(EVENT_STREAM, CHUNKED) + chunked(START, CALL, ends=False), Then.CLOSE)


def test_a_call_that_breaks_off_before_it_is_whole(
    own_world: Callable[..., AbstractContextManager[World]],
) -> None:
    """Gemini tells a call as a whole, so its client has nothing yet: a 502 in its dialect, and in the row."""
    with RawUpstream(BROKEN) as upstream, own_world() as world:
        account = {"email": "raw@anthropic", "kind": "anthropic", "base_url": upstream.base_url}
        world.import_accounts([account | {"credential": {"api_key": "raw"}, "models": [MODEL]}])
        world.wait_for_model(MODEL)
        tools = [{"functionDeclarations": [{"name": "weather", "parameters": {"type": "object"}}]}]
        answer = world.gemini("What is the weather?", model=MODEL, tools=tools)
        assert answer.status_code == 502, answer.text
        error_in_dialect("/v1beta/models/m:generateContent", answer)
        assert answer.json()["error"]["code"] == 502
        assert world.row(answer)["status"] == 502
