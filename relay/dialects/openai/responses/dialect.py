"""Responses as a dialect. PURE."""

from collections.abc import Callable, Mapping

from accounts.model_facts import ModelFacts
from relay.conversation import Conversation, Json
from relay.dialects.interface import (
    ClientRequest,
    Decoder,
    DecoderOptions,
    DialectName,
    Encoder,
    EncoderOptions,
    ErrorAnswer,
    GoingOn,
    Healed,
    Resolution,
    SignatureSlot,
)
from relay.dialects.openai import errors
from relay.dialects.openai.inspection import inspect_responses
from relay.dialects.openai.reasoning import thinks_unseen
from relay.dialects.openai.responses import collector, going_on, read_request, repair, write_request
from relay.dialects.openai.responses.decoder import ResponsesDecoder
from relay.dialects.openai.responses.encoder import ResponsesEncoder
from relay.dialects.openai.responses.fit import fit
from relay.failures import Failure


class Responses:
    """Joins the files of this folder; every rule stands in one of them."""

    name: DialectName = "openai"

    def inspect(self, body: Json, headers: Mapping[str, str]) -> ClientRequest:
        """What the relay must know; raises BadRequest."""
        return inspect_responses(body, headers)

    def read(self, body: Json) -> Conversation:
        """The body as a neutral conversation; raises BadRequest or CannotCarry."""
        return read_request.read(body)

    def encoder(self, options: EncoderOptions) -> Encoder:
        """A fresh encoder for one answer."""
        return ResponsesEncoder(options)

    def collect(self, stream: bytes) -> bytes:
        """A whole stream as its one JSON answer."""
        return collector.collect(stream)

    def error_body(self, answer: ErrorAnswer) -> bytes:
        """The JSON error body."""
        return errors.error_body(answer)

    def write(self, conversation: Conversation, model: str, facts: ModelFacts, changes: list[str]) -> Json:
        """The body for ``conversation``; raises CannotCarry."""
        return write_request.write(conversation, model, facts, changes)

    def fit(self, body: Json, model: str, facts: ModelFacts, changes: list[str]) -> Json:
        """A body of this form, for another model."""
        return fit(body, model, facts, changes)

    def as_stream(self, body: Json) -> Json:
        """The body, asking for a stream; its last event tells the usage."""
        return body if body.get("stream") is True else {**body, "stream": True}

    def decoder(self, options: DecoderOptions) -> Decoder:
        """A fresh decoder for one upstream stream."""
        return ResponsesDecoder(options)

    def classify(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """An HTTP error, classified."""
        return errors.classify(status, headers, body)

    def thinks_unseen(self, body: Json, facts: ModelFacts) -> bool:
        """The reasoning item that opens at once is a sign of life, but its opening may take a while."""
        reasoning = body.get("reasoning")
        return thinks_unseen(reasoning.get("effort") if isinstance(reasoning, dict) else None, facts)

    def restore_signatures(self, body: Json, resolve: Callable[[SignatureSlot], Resolution]) -> Json:
        """The body with each reasoning item's ``encrypted_content`` resolved."""
        return repair.restore_signatures(body, resolve)

    def heal(self, body: Json, facts: ModelFacts) -> Healed:
        """The body without the reasoning in its history."""
        return repair.heal(body)

    def drop_blocks(self, body: Json) -> Healed | None:
        """There is no such thing here."""
        return None

    def heal_again(self, body: Json, blocks: frozenset[str], prompt_turns: frozenset[str]) -> Json:
        """The repairs remembered, done again to the same bytes."""
        return repair.heal_again(body, blocks, prompt_turns)

    def wants(self, body: Json) -> str:
        """What a client's body wants that is no plain text."""
        return going_on.wants(body)

    def go_on(self, body: Json, said: str, tokens: int, facts: ModelFacts) -> GoingOn:
        """The body, asking for the rest of an answer that broke off."""
        return going_on.go_on(body, said, tokens, facts)
