"""Every dialect by the name that these tests give it, and the encoder for a client of each."""

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.interface import Dialect, Encoder, EncoderOptions
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from tests.relay.dialects.anthropic.streams import THINKS

DIALECTS: dict[str, Dialect] = {
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "chat": OPENAI_CHAT,
    "responses": OPENAI_RESPONSES,
}
KINDS = {"anthropic": "anthropic", "gemini": "gemini", "chat": "openai", "responses": "openai"}
"""The account kind that speaks it."""


def new_encoder(name: str) -> Encoder:
    """For a client that takes a stream and has asked for thinking."""
    form = "responses" if name == "responses" else "sse"
    options = EncoderOptions(
        "0" * 32,
        "some-model",
        1,
        lambda index: f"handle-{index}" * 9,
        form=form,  # type: ignore[arg-type]
        request=THINKS,
    )
    return DIALECTS[name].encoder(options)
