"""The shape of one chunk of an answer, typed for speed: what is not named here is not looked at.

PURE. Every chunk is a whole GenerateContentResponse whose parts are deltas. ``Raw`` fields keep their JSON
text as it came: arguments are never rewritten.
"""

import re
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from relay.dialects.gemini.fields import camel_keys
from relay.dialects.gemini.upstream_answer.text_arguments import object_in
from relay.dialects.reading.token_counts import TokenCount

NOTHING = Raw(b"")


class InlineData(Struct, rename="camel", gc=False):
    """Bytes in base64."""

    mime_type: str | None = None
    data: str | None = None


class FileData(Struct, rename="camel", gc=False):
    """A file by its address."""

    mime_type: str | None = None
    file_uri: str | None = None


class PartialArg(Struct, rename="camel", gc=False):
    """A piece of a streamed call's arguments (Vertex): one value, or more of a string, at ``json_path``.

    A piece without a place would be lost in silence, so "" is one that leads nowhere.
    """

    json_path: str = ""
    string_value: str | None = None
    number_value: int | float | None = None
    bool_value: bool | None = None
    null_value: Raw = NOTHING
    will_continue: bool | None = None


class FunctionCall(Struct, rename="camel", gc=False):
    """A call: whole, or (Vertex, ``streamFunctionCallArguments``) a part of one."""

    id: str | None = None
    name: str | None = None
    args: Raw = NOTHING
    arguments: Raw = NOTHING  # as OpenAI calls them, and Llama
    parameters: Raw = NOTHING
    partial_args: list[PartialArg] | None = None
    will_continue: bool | None = None


class Part(Struct, rename="camel", gc=False):
    """One part: one of its payloads is there; some servers put text beside another one."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: InlineData | None = None
    file_data: FileData | None = None
    executable_code: Raw = NOTHING
    code_execution_result: Raw = NOTHING
    tool_call: Raw = NOTHING
    tool_response: Raw = NOTHING


def is_more_than_text(part: Part) -> bool:
    """Does it hold anything but text, and what is said of that?"""
    return (  # written out, for nearly every part comes by here
        part.function_call is not None
        or part.inline_data is not None
        or part.file_data is not None
        or part.executable_code is not NOTHING
        or part.code_execution_result is not NOTHING
        or part.tool_call is not NOTHING
        or part.tool_response is not NOTHING
    )


class Content(Struct, gc=False):
    """The parts of a candidate."""

    parts: list[Part] | None = None


class WireCandidate(Struct, rename="camel", gc=False):
    """One of the answers; there is one unless ``candidateCount`` asked for more."""

    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    index: int | None = None
    continuation_token: str | None = None
    citation_metadata: Raw = NOTHING
    grounding_metadata: Raw = NOTHING
    url_context_metadata: Raw = NOTHING


class PromptFeedback(Struct, rename="camel", gc=False):
    """Why the prompt itself was blocked."""

    block_reason: str | None = None
    block_reason_message: str | None = None


class ModalityTokens(Struct, rename="camel", gc=False):
    """How many of the tokens are of one kind."""

    modality: Any = None
    token_count: TokenCount | None = None


class UsageMetadata(Struct, rename="camel", gc=False):
    """Token counts so far. The prompt's include the cached ones, the candidates' leave out the thoughts."""

    prompt_token_count: TokenCount | None = None
    cached_content_token_count: TokenCount | None = None
    candidates_token_count: TokenCount | None = None
    thoughts_token_count: TokenCount | None = None
    tool_use_prompt_token_count: TokenCount | None = None
    total_token_count: TokenCount | None = None
    prompt_tokens_details: list[ModalityTokens] | None = None
    cache_tokens_details: list[ModalityTokens] | None = None
    candidates_tokens_details: list[ModalityTokens] | None = None
    tool_use_prompt_tokens_details: list[ModalityTokens] | None = None
    service_tier: Any = None
    """The Gemini API's word for how the answer was made."""
    traffic_type: Any = None
    """Vertex's."""


class WireAnswer(Struct, rename="camel", gc=False):
    """One chunk."""

    candidates: list[WireCandidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: Raw = NOTHING
    finish_reason: Literal[""] | None = None
    """Its place is in a candidate: told here, it makes its chunk one that is looked at patiently."""


class Envelope(Struct, rename="camel", gc=False):
    """Code Assist's wrapping of a chunk."""

    response: Raw = NOTHING
    trace_id: str | None = None


class EnvelopedAnswer(Struct, rename="camel", gc=False):
    """The same, read at once."""

    response: WireAnswer
    trace_id: str | None = None


# Not strict: 64-bit counts may come as strings (the JSON form of protocol buffers).
_ANSWER = msgspec.json.Decoder(WireAnswer, strict=False)
_ENVELOPED = msgspec.json.Decoder(EnvelopedAnswer, strict=False)
_ENVELOPE = msgspec.json.Decoder(Envelope)
_SNAKE_CASE = re.compile(
    rb'"(?:finish_reason|finish_message|usage_metadata|prompt_feedback|block_reason|model_version|response_id|'
    rb"thought_signature|function_call|inline_data|file_data|executable_code|code_execution_result|tool_call|"
    rb"tool_response|citation_metadata|grounding_metadata|continuation_token|partial_args|trace_id|"
    rb'[a-z_]+_token_count)"\s*:'
)

# How such a name ends. It begins with a literal, so it costs a seventh of the search above.
_MAYBE_SNAKE_CASE = re.compile(
    rb'_(?:reason|message|metadata|feedback|version|id|signature|call|data|code|result|response|token|args|count)"'
)


def read_answer(data: bytes) -> WireAnswer:
    """One chunk out of its JSON; raises msgspec.DecodeError when it is none."""
    # The memchr is what the usual chunk pays; a text that only quotes such a name costs time, no more.
    if b"_" in data and _MAYBE_SNAKE_CASE.search(data):
        data = _in_camel_case(data)
    answer = _ANSWER.decode(data)
    if b'"functionCall"' in data and any(map(_has_bent_arguments, answer.candidates or ())):
        raise msgspec.ValidationError("a call's arguments are the text of an object, or stand elsewhere")
    return answer


def read_answers(data: bytes) -> list[WireAnswer]:
    """Chunks, each the JSON of a line; raises msgspec.DecodeError where one wants a closer look."""
    _check_names(data)
    return _ANSWER.decode_lines(data)


def read_enveloped_answers(data: bytes) -> list[WireAnswer]:
    """The same out of their envelopes, whose traces name those that have no id of their own."""
    _check_names(data)
    answers = []
    for envelope in _ENVELOPED.decode_lines(data):
        answer = envelope.response
        if answer.response_id is None:
            answer.response_id = envelope.trace_id
        answers.append(answer)
    return answers


def _check_names(data: bytes) -> None:
    if (b"_" in data and _MAYBE_SNAKE_CASE.search(data)) or b'"functionCall"' in data:
        raise msgspec.ValidationError("names in snake case, or calls")


def _has_bent_arguments(candidate: WireCandidate) -> bool:
    calls = (part.function_call for part in (candidate.content and candidate.content.parts) or ())
    return any(_is_bent(call) for call in calls if call is not None)


def _is_bent(call: FunctionCall) -> bool:
    given = bytes(call.args)
    if given not in (b"", b"null"):
        return given.startswith((b'"', b"[")) and object_in(msgspec.json.decode(given)) is not None
    others = (msgspec.json.decode(one) for one in (call.arguments, call.parameters) if len(one))
    return any(isinstance(one, dict) or object_in(one) is not None for one in others)


class AnswerDecoding:
    """A chunk out of its JSON, for ``TolerantReader``."""

    type = WireAnswer
    decode = staticmethod(read_answer)


def read_envelope(data: bytes) -> Envelope:
    """Code Assist's wrapping; raises msgspec.DecodeError."""
    return _ENVELOPE.decode(_in_camel_case(data))


def _in_camel_case(data: bytes) -> bytes:
    if _SNAKE_CASE.search(data):
        return msgspec.json.encode(camel_keys(msgspec.json.decode(data)))
    return data
