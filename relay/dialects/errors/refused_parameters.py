"""What a compatible server refuses of a request's form, by its own words, and what is taken back for it.

PURE. Each row names who says so. What is taken back has a name; it is remembered for the account and model.
What carries content is the client's to see when it is refused: tools, messages. But for calls and results
that do not pair: then each call gets one result, and nothing that was said is lost.
"""

import msgspec

from accounts.facts.model_facts import ModelFacts
from monitor.masking.linear import Phrases

STREAM = "stream"
STREAM_OPTIONS = "stream_options"
DEVELOPER = "developer role"
REASONING = "reasoning_content"
PATTERNS = "schema patterns"
CACHE_MARKS = "cache_control"
COMPLETION_LIMIT = "max_tokens"
LIMIT = "max_completion_tokens"
PAIRS = "unpaired calls and results"
SEARCH_SOURCES = "web_search_call.action.sources"
"""What ``include`` asks of OpenAI for the pages that a search found: without the word it tells none."""

STATUSES = frozenset({400, 422})
"""With these a request's form is refused; FastAPI's servers (vLLM, SGLang) say 422."""

_UNKNOWN = r"(?:unknown|unrecognized|unsupported|unexpected|not supported|not permitted|not allowed|invalid)"


class RefusedPart(msgspec.Struct, frozen=True):
    """One kind of refusal: what is taken back, whose words they are, and the words."""

    taken_back: str
    vendor: str
    words: Phrases


ROWS = (
    RefusedPart(STREAM, "OpenAI, of an organization that is not verified", Phrases(
        r"must be verified to stream")),
    RefusedPart(STREAM, "OpenAI of o1 and of sound, GitHub Models", Phrases(
        r"['\"`]stream['\"`] does not support true", r"does not support .{1,40} when stream\s?=\s?true")),
    RefusedPart(STREAM, "small servers", Phrases(
        r"stream(?:ing)? (?:is not|isn't|not) (?:supported|available|implemented)",
        r"does(?: not|n't) support stream", r"['\"`]?stream['\"`]? must be false")),
    RefusedPart(STREAM_OPTIONS, "OpenAI, new-api and servers behind it, Mistral, pydantic's 422", Phrases(
        rf"{_UNKNOWN}.{{0,60}}stream_options", rf"stream_options.{{0,120}}{_UNKNOWN}")),
    RefusedPart(DEVELOPER, "DeepSeek (serde), Mistral, Groq, older OpenAI, vLLM's templates", Phrases(
        r"unknown variant ['\"`]developer", r"role.{0,60}['\"`\[:]\s?developer",
        r"developer['\"`]? (?:role|is not one of)")),
    RefusedPart(REASONING, "DeepSeek, Kimi", Phrases(
        r"reasoning[_ ]content.{0,60}must be passed back", r"reasoning_content.{0,20}is missing",
        r"missing .{0,3}reasoning_content")),
    RefusedPart(PATTERNS, "OpenAI (jsonschema), DeepSeek (Rust's), llama.cpp", Phrases(
        r"is not a ['\"`\\]{1,4}regex", r"regex lookaround is not supported", r"failed to parse grammar")),
    RefusedPart(CACHE_MARKS, "servers of Anthropic's form without a cache: pydantic's words", Phrases(
        rf"cache_control.{{0,60}}{_UNKNOWN}", rf"{_UNKNOWN}.{{0,60}}cache_control",
        r"cache_control: extra inputs")),
    RefusedPart(SEARCH_SOURCES, "older servers, in OpenAI's form for a value that is not known", Phrases(
        rf"{_UNKNOWN}.{{0,60}}web_search_call\.action\.sources",
        rf"web_search_call\.action\.sources.{{0,120}}{_UNKNOWN}")),
    RefusedPart(PAIRS, "Anthropic", Phrases(
        r"tool_use['\"`\\]{0,4} ids were found without",
        r"unexpected ['\"`\\]{0,4}tool_use_id['\"`\\]{0,4} found",
        r"tool_use['\"`\\]{0,4} must have a single result")),
    RefusedPart(PAIRS, "Bedrock", Phrases(
        r"expected toolresult blocks at", r"number of toolresult blocks at .{1,60} exceeds")),
    RefusedPart(PAIRS, "OpenAI, DeepSeek and Qwen in its words; Mistral", Phrases(
        r"must be followed by tool messages", r"must be a response to a prece+ding message with",
        r"not the same number of function calls and responses")),
    RefusedPart(PAIRS, "OpenAI of Responses", Phrases(
        r"no tool output found for (?:function|custom tool) call",
        r"no tool call found for (?:function|custom tool) call output")),
    RefusedPart(COMPLETION_LIMIT, "OpenAI of reasoning models", Phrases(
        r"use ['\"`]max_completion_tokens['\"`] instead")),
    RefusedPart(LIMIT, "servers older than the newer name", Phrases(
        rf"{_UNKNOWN}.{{0,60}}max_completion_tokens", rf"max_completion_tokens.{{0,120}}{_UNKNOWN}")),
)  # fmt: skip
"""The first that fits is taken."""

REMOVABLE = (
    "temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "seed", "logprobs",
    "top_logprobs", "logit_bias", "store", "metadata", "user", "safety_identifier", "prompt_cache_key",
    "prompt_cache_retention", "service_tier", "parallel_tool_calls", "reasoning_effort", "verbosity",
    "context_management", "include", "stop",
)  # fmt: skip
"""Parameters of which the answer can do without, and the row says so."""

GEMINI_SETTINGS = (
    "topK", "topP", "temperature", "seed", "presencePenalty", "frequencyPenalty", "responseLogprobs",
    "logprobs", "stopSequences", "candidateCount", "mediaResolution", "thinkingConfig", "safetySettings",
    "labels", "serviceTier", "enableEnhancedCivicAnswers",
)  # fmt: skip
"""The same of Gemini's dialect, by its own names (``relay/dialects/gemini/requests/take_back.py``)."""

_REFUSED = Phrases(
    r"unsupported (?:parameter|value)", r"unknown (?:parameter|field|name)", r"not supported",
    r"unrecognized request argument", r"extra inputs are not permitted", r"extra_forbidden",
    r"unexpected keyword", r"is unsupported",
)  # fmt: skip
_NAMED = tuple(
    (
        name,
        Phrases(
            rf"['\"`]{name}['\"`]", rf"\b{name}: extra", rf"(?:supplied|parameter|argument|field):? {name}\b"
        ),
    )
    for name in REMOVABLE
)


def is_the_clients(name: str) -> bool:
    """Is it a parameter that only a client asks for?"""
    return name in REMOVABLE or name in GEMINI_SETTINGS or name in (COMPLETION_LIMIT, LIMIT, SEARCH_SOURCES)


def known_refusals(facts: ModelFacts, *, is_own: bool) -> list[str]:
    """What a model's server is known to refuse, before it is asked.

    A role that the client gave to this very model (``is_own``) is tried first: the fact is an assumption.
    """
    refused = {STREAM: facts.streams, STREAM_OPTIONS: facts.stream_options}
    if not is_own:
        refused[DEVELOPER] = facts.developer_role
    return [name for name, is_taken in refused.items() if not is_taken]


def refused_parameter(status: int | None, message: str, param: str = "") -> str:
    """What is to be taken back of the request that this error refuses; "" for any other error.

    ``param`` is the parameter that the error itself names, where its form has a place for it.
    """
    if status not in STATUSES:
        return ""
    for row in ROWS:
        if row.words.are_in(message):
            return row.taken_back
    if param == STREAM_OPTIONS:
        return STREAM_OPTIONS
    if not _REFUSED.are_in(message):
        return ""
    if param in REMOVABLE:
        return param
    return next((name for name, words in _NAMED if words.are_in(message)), "") if not param else ""


def taken_back_words(name: str) -> str:
    """That what has this ``name`` was taken back, as the row tells it."""
    why = "healed: upstream refused this history" if name == PAIRS else "taken back: this upstream refuses it"
    return f"{name} {why}"
