"""The Gemini dialect, put together. PURE."""

from collections.abc import Callable, Mapping

from accounts.model_facts import ModelFacts
from relay.conversation import Conversation, Json
from relay.dialects.gemini import (
    collector,
    errors,
    fit,
    going_on,
    inspection,
    read_request,
    repair,
    slots,
    write_request,
)
from relay.dialects.gemini.decoder import GeminiDecoder
from relay.dialects.gemini.encoder import GeminiEncoder
from relay.dialects.gemini.thinking import is_unseen
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


class GeminiDialect:
    """See ``relay.dialects.interface.Dialect``."""

    name: DialectName = "gemini"

    def inspect(self, body: Json, headers: Mapping[str, str]) -> ClientRequest:
        """What the relay must know; raises BadRequest. The model stands in the path."""
        return inspection.inspect(body, headers)

    def read(self, body: Json) -> Conversation:
        """The body as a neutral conversation; raises BadRequest, or CannotCarry."""
        return read_request.read(body)

    def encoder(self, options: EncoderOptions) -> GeminiEncoder:
        """A fresh encoder for one answer."""
        return GeminiEncoder(options)

    def collect(self, stream: bytes) -> bytes:
        """A whole stream as its one JSON answer."""
        return collector.collect(stream)

    def error_body(self, answer: ErrorAnswer) -> bytes:
        """The JSON error body."""
        return errors.error_body(answer)

    def write(self, conversation: Conversation, model: str, facts: ModelFacts, changes: list[str]) -> Json:
        """The body for ``conversation``; ``changes`` gets what was mapped or dropped."""
        return write_request.write(conversation, model, facts, changes)

    def fit(self, body: Json, model: str, facts: ModelFacts, changes: list[str]) -> Json:
        """The body for another model; raises CannotCarry."""
        return fit.fit(body, model, facts, changes)

    def as_stream(self, body: Json) -> Json:
        """The body itself: the path asks for a stream, and usage always comes."""
        return body

    def decoder(self, options: DecoderOptions) -> GeminiDecoder:
        """A fresh decoder for one upstream stream."""
        return GeminiDecoder(options)

    def classify(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """An HTTP error, classified; ``headers`` have lower-case names."""
        return errors.classify(status, headers, body)

    def thinks_unseen(self, body: Json, facts: ModelFacts) -> bool:
        """May the model think for long without a byte?"""
        return is_unseen(body, facts)

    def restore_signatures(self, body: Json, resolve: Callable[[SignatureSlot], Resolution]) -> Json:
        """The body with each slot resolved; the very same object when nothing changed."""
        return slots.restore_signatures(body, resolve)

    def heal(self, body: Json, facts: ModelFacts) -> Healed:
        """The body without thinking and signatures; the thinking configuration stays on every model."""
        return repair.heal(body)

    def drop_blocks(self, body: Json) -> Healed | None:
        """None: Gemini drops nothing itself."""
        return None

    def heal_again(self, body: Json, blocks: frozenset[str], prompt_turns: frozenset[str]) -> Json:
        """The repairs remembered, done again; the very same object when none applies."""
        return repair.heal_again(body, blocks, prompt_turns)

    def wants(self, body: Json) -> str:
        """What a client's body wants that is no plain text."""
        return going_on.wants(body)

    def go_on(self, body: Json, said: str, tokens: int, facts: ModelFacts) -> GoingOn:
        """The body, asking for the rest of an answer that broke off."""
        return going_on.go_on(body, said, tokens, facts)
