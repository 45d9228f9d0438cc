"""The Anthropic dialect: joins the files of this folder, and holds no rule of its own.

PURE.
"""

from collections.abc import Callable, Mapping

from accounts.model_facts import ModelFacts
from relay.conversation import Conversation, Json
from relay.dialects.anthropic import (
    collector,
    errors,
    fit,
    fit_thinking,
    going_on,
    inspection,
    read_request,
    repair,
    signatures,
    write_request,
)
from relay.dialects.anthropic.decoder import AnthropicDecoder
from relay.dialects.anthropic.encoder import AnthropicEncoder
from relay.dialects.interface import (
    ClientRequest,
    DecoderOptions,
    DialectName,
    EncoderOptions,
    ErrorAnswer,
    GoingOn,
    Healed,
    Resolution,
    SignatureSlot,
)
from relay.failures import Failure


class AnthropicDialect:
    """``Dialect`` for the Messages API; the promises of each method stand there."""

    name: DialectName = "anthropic"

    def inspect(self, body: Json, headers: Mapping[str, str]) -> ClientRequest:
        """What the relay must know of a client's body."""
        return inspection.inspect(body, headers)

    def read(self, body: Json) -> Conversation:
        """A client's body as a neutral conversation."""
        return read_request.read(body)

    def encoder(self, options: EncoderOptions) -> AnthropicEncoder:
        """A fresh encoder for one answer."""
        return AnthropicEncoder(options)

    def collect(self, stream: bytes) -> bytes:
        """A whole stream as its one JSON answer."""
        return collector.collect(stream)

    def error_body(self, answer: ErrorAnswer) -> bytes:
        """The JSON error body."""
        return errors.error_body(answer)

    def write(self, conversation: Conversation, model: str, facts: ModelFacts, changes: list[str]) -> Json:
        """A neutral conversation as a body for ``model``."""
        return write_request.write(conversation, model, facts, changes)

    def fit(self, body: Json, model: str, facts: ModelFacts, changes: list[str]) -> Json:
        """A body for another Claude model."""
        return fit.fit(body, model, facts, changes)

    def as_stream(self, body: Json) -> Json:
        """The body, asking for a stream, which tells usage by itself."""
        return body if body.get("stream") is True else {**body, "stream": True}

    def decoder(self, options: DecoderOptions) -> AnthropicDecoder:
        """A fresh decoder for one upstream stream."""
        return AnthropicDecoder(options)

    def classify(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """An HTTP error, classified."""
        return errors.classify(status, headers, body)

    def thinks_unseen(self, body: Json, facts: ModelFacts) -> bool:
        """May the model think for long without a byte?"""
        return fit_thinking.thinks_unseen(body, facts)

    def restore_signatures(self, body: Json, resolve: Callable[[SignatureSlot], Resolution]) -> Json:
        """The body with each slot resolved."""
        return signatures.restore_signatures(body, resolve)

    def heal(self, body: Json, facts: ModelFacts) -> Healed:
        """A refused body, repaired."""
        return repair.heal(body, facts)

    def drop_blocks(self, body: Json) -> Healed | None:
        """The body that lets upstream drop unreadable blocks."""
        return repair.drop_blocks(body)

    def heal_again(self, body: Json, blocks: frozenset[str], prompt_turns: frozenset[str]) -> Json:
        """The repairs remembered, done again."""
        return repair.heal_again(body, blocks, prompt_turns)

    def wants(self, body: Json) -> str:
        """What a client's body wants that is no plain text."""
        return going_on.wants(body)

    def go_on(self, body: Json, said: str, tokens: int, facts: ModelFacts) -> GoingOn:
        """The body, asking for the rest of an answer that broke off."""
        return going_on.go_on(body, said, tokens, facts)
