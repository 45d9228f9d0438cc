"""A text whose first part carries a signature is one text, for every client, streamed and collected."""

import json

import openai
import pytest

from relay.dialects.gemini import GEMINI
from relay.dialects.interface import DecoderOptions
from relay.memory.learning import learned
from relay.neutral.events import Event
from tests.relay.dialects.anthropic.streams import sdk_message
from tests.relay.dialects.every_dialect import DIALECTS, new_encoder
from tests.relay.dialects.gemini.streams import chunks_of, transcript

SAID = "I am sorry, but the add tool is disabled."


def events() -> list[Event]:
    """The recorded answer of gemini-2.5-flash with functions: its signature stands on the first words."""
    decoder = GEMINI.decoder(DecoderOptions(family="gemini-2.5", call_id_seed="seed"))
    return [*decoder.feed(transcript("signed_text")).events, *decoder.finish().events]


def encoded(client: str) -> bytes:
    """What a client of that dialect gets, an event at a time."""
    encoder = new_encoder(client)
    return b"".join(encoder.encode([event]) for event in events())


def test_an_anthropic_client_gets_one_text_block() -> None:
    """Claude Code prints the last text block of an answer: there must be no second one."""
    message = sdk_message(encoded("anthropic"))
    assert [block.to_dict() for block in message.content] == [{"type": "text", "text": SAID}]


@pytest.mark.parametrize("client", DIALECTS)
def test_a_collected_answer_has_it_in_one_place(client: str) -> None:
    """In its dialect's own place for text; Gemini keeps the signed part apart."""
    answer = json.loads(DIALECTS[client].collect(encoded(client)))
    match client:
        case "anthropic":
            texts = [block["text"] for block in answer["content"]]
        case "gemini":
            texts = ["".join(part["text"] for part in answer["candidates"][0]["content"]["parts"])]
        case "chat":
            texts = [answer["choices"][0]["message"]["content"]]
        case _:
            response = openai.types.responses.Response.model_validate(answer)
            texts = [part.text for item in response.output for part in item.content]
    assert texts == [SAID]


def test_it_is_remembered_for_the_turn_that_the_client_sends_back() -> None:
    """An Anthropic client sends one text block: upstream's signature goes to the part that it becomes."""
    state = new_encoder("anthropic").state
    state.fold(events())
    [item] = [item for item in learned(state, "session", "gemini-2.5", 1.0) if item.layer == "session"]
    [first, *_] = chunks_of(transcript("signed_text"))
    [part] = first["candidates"][0]["content"]["parts"]
    assert item.value == part["thoughtSignature"]
    body = {"contents": [{"role": "model", "parts": [{"text": SAID}]}]}
    looked_for = []

    def resolve(slot):
        looked_for.append((slot.kind, slot.turn))
        return item.value

    restored = GEMINI.restore_signatures(body, resolve)
    assert looked_for == [(item.kind, item.name)]
    assert restored["contents"][0]["parts"] == [{"text": SAID, "thoughtSignature": item.value}]
