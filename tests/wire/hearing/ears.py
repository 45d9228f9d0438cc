"""The oracle's ears: the vendors' own SDKs read the bytes of an answer. No network is used."""

import base64
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anthropic
import httpx
import httpx2
import openai
from google import genai
from google.genai import errors as google_errors
from google.genai import types

from tests.wire.hearing.clients import ClientName
from tests.wire.hearing.heard import Heard
from tests.wire.recorded.shape import Tokens

_MESSAGES: list[Any] = [{"role": "user", "content": "?"}]


class _Wire:
    """Answers every request of an SDK with one set of bytes."""

    status, content_type, body = 200, "", b""

    def of_httpx2(self, _: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": self.content_type}
        return httpx2.Response(self.status, headers=headers, content=self.body)

    def of_httpx(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(self.status, headers={"content-type": self.content_type}, content=self.body)


for name in ("httpx", "httpx2", "google_genai.models"):
    logging.getLogger(name).setLevel(logging.WARNING)  # they say each of some thousand requests

_wire = _Wire()
_ANTHROPIC = anthropic.Anthropic(
    api_key="sk-ear",
    base_url="http://ear.test",
    max_retries=0,
    http_client=httpx2.Client(transport=httpx2.MockTransport(_wire.of_httpx2)),
)
_OPENAI = openai.OpenAI(
    api_key="sk-ear",
    base_url="http://ear.test/v1",
    max_retries=0,
    http_client=httpx2.Client(transport=httpx2.MockTransport(_wire.of_httpx2)),
)
_GOOGLE = genai.Client(
    api_key="sk-ear",
    http_options=types.HttpOptions(
        base_url="http://ear.test",
        client_args={"transport": httpx.MockTransport(_wire.of_httpx)},
        retry_options=types.HttpRetryOptions(attempts=1),
    ),
)


def hear(client: ClientName, is_stream: bool, status: int, content_type: str, body: bytes) -> Heard:
    """What the SDK of ``client`` makes of this answer; where it fails, ``crash`` says how."""
    _wire.status, _wire.content_type, _wire.body = status, content_type, body
    heard = Heard()
    try:
        _EARS[client](heard, is_stream)
    except (anthropic.APIError, openai.APIError) as error:
        heard.status = getattr(error, "status_code", 0) or 0
        heard.error = str(error) or type(error).__name__
    except google_errors.APIError as error:
        heard.status, heard.error = error.code, str(error)
    except Exception as error:
        heard.crash = f"{type(error).__name__}: {error}"
    heard.text, heard.thinking = _whole(heard.text), _whole(heard.thinking)
    return heard


def _whole(text: str) -> str:
    """Two halves of a character, in two events, are one in a JavaScript string, and in no Python string."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


# --- Anthropic ------------------------------------------------------------------------------------------
_ANTHROPIC_STOPS = {"model_context_window_exceeded": "context_window"}


def _anthropic(heard: Heard, is_stream: bool) -> None:
    asked: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": _MESSAGES}
    if not is_stream:
        _message(heard, _ANTHROPIC.messages.create(**asked))
        return
    with _ANTHROPIC.messages.stream(**asked) as stream:
        try:
            for _ in stream:
                pass
        except anthropic.APIError:
            with suppress(AssertionError):  # the stream had not begun
                _message(heard, stream.current_message_snapshot)
            raise
        _message(heard, stream.get_final_message())


def _message(heard: Heard, message: Any) -> None:
    for block in message.content or ():
        match block.type:
            case "text":
                heard.text += block.text
                heard.sources += [cited.url for cited in block.citations or () if getattr(cited, "url", "")]
            case "thinking":
                heard.thinking += block.thinking
            case "tool_use":
                heard.calls.append((block.name, block.input))
            case _:
                heard.other.append(block.type)
    heard.stop = _ANTHROPIC_STOPS.get(message.stop_reason or "", message.stop_reason or "")
    usage = message.usage
    if usage is not None:
        cached = usage.cache_read_input_tokens or 0
        details = usage.output_tokens_details
        heard.usage = Tokens(
            input=(usage.input_tokens or 0) + cached + (usage.cache_creation_input_tokens or 0),
            output=usage.output_tokens,
            thinking=details.thinking_tokens if details else None,
            cache_read=cached,
        )


# --- Gemini ---------------------------------------------------------------------------------------------
_GEMINI_STOPS = {"STOP": "end_turn", "MAX_TOKENS": "max_tokens"}


def _cited(grounding: types.GroundingMetadata) -> list[types.GroundingChunk]:
    """The pages that support a text, where any is said to; beside them stand pages that were only found."""
    chunks = grounding.grounding_chunks or []
    supports = grounding.grounding_supports
    if supports is None:
        return chunks
    cited = {number for support in supports for number in support.grounding_chunk_indices or ()}
    return [chunk for number, chunk in enumerate(chunks) if number in cited]


def _gemini(heard: Heard, is_stream: bool) -> None:
    config = types.GenerateContentConfig(automatic_continuation=False)
    asked: Any = {"model": "m", "contents": "?", "config": config}
    models = _GOOGLE.models
    chunks = models.generate_content_stream(**asked) if is_stream else [models.generate_content(**asked)]
    for chunk in chunks:
        for candidate in chunk.candidates or ():
            for part in (candidate.content and candidate.content.parts) or ():
                _part(heard, part)
            grounding = candidate.grounding_metadata
            for found in _cited(grounding) if grounding else ():
                if found.web and found.web.uri and found.web.uri not in heard.sources:
                    heard.sources.append(found.web.uri)
            cited = candidate.citation_metadata
            heard.sources += [one.uri for one in (cited and cited.citations) or () if one.uri]
            if candidate.finish_reason:
                reason = candidate.finish_reason.value
                heard.stop = _GEMINI_STOPS.get(reason, "refusal")
        if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
            heard.stop = "refusal"
        if chunk.usage_metadata:
            _google_usage(heard, chunk.usage_metadata)
    if heard.stop == "end_turn" and heard.calls:
        heard.stop = "tool_use"


def _part(heard: Heard, part: types.Part) -> None:
    if part.function_call:
        heard.calls.append((part.function_call.name or "", part.function_call.args or {}))
    elif part.inline_data:
        data = base64.b64encode(part.inline_data.data or b"").decode()
        heard.media.append((part.inline_data.mime_type or "", data))
    elif part.executable_code or part.code_execution_result:
        heard.other.append("code")
    elif part.thought:
        heard.thinking += part.text or ""
    elif part.text is not None:
        heard.text += part.text
    elif not part.thought_signature:
        heard.other.append(str(part))


def _google_usage(heard: Heard, usage: types.GenerateContentResponseUsageMetadata) -> None:
    if usage.prompt_token_count is None and usage.candidates_token_count is None:
        return
    thinking = usage.thoughts_token_count
    heard.usage = Tokens(
        input=(usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0),
        output=(usage.candidates_token_count or 0) + (thinking or 0),
        thinking=thinking,
        cache_read=usage.cached_content_token_count,
    )


# --- OpenAI chat completions ----------------------------------------------------------------------------
_CHAT_STOPS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def _chat(heard: Heard, is_stream: bool) -> None:
    asked: Any = {"model": "m", "messages": _MESSAGES}
    if not is_stream:
        _completion(heard, _OPENAI.chat.completions.create(**asked))
        return
    with _OPENAI.chat.completions.stream(**asked) as stream:
        try:
            for _ in stream:
                pass
        except openai.APIError:
            with suppress(AssertionError):  # the stream had not begun
                _completion(heard, stream.current_completion_snapshot)
            raise
        # The final completion is parsed, and an answer that was cut or refused is an exception there.
        _completion(heard, stream.current_completion_snapshot)


def _completion(heard: Heard, completion: Any) -> None:
    for choice in completion.choices or ():
        message = choice.message
        more = message.model_extra or {}
        _content(heard, message.content)
        heard.refusal += message.refusal or ""
        heard.thinking += _chat_thinking(more)
        for call in message.tool_calls or ():
            heard.calls.append((call.function.name, _object(call.function.arguments)))
        for cited in message.annotations or ():
            url_citation = cited.url_citation if hasattr(cited, "url_citation") else cited["url_citation"]
            heard.sources.append(url_citation["url"] if isinstance(url_citation, dict) else url_citation.url)
        for image in more.get("images") or ():
            heard.media.append(_data_url(image["image_url"]["url"]))
        if choice.finish_reason:
            heard.stop = _CHAT_STOPS.get(choice.finish_reason, choice.finish_reason)
    if completion.usage is not None:
        given, thought = completion.usage.prompt_tokens_details, completion.usage.completion_tokens_details
        heard.usage = Tokens(
            input=completion.usage.prompt_tokens,
            output=completion.usage.completion_tokens,
            thinking=thought.reasoning_tokens if thought else None,
            cache_read=given.cached_tokens if given else None,
        )


def _content(heard: Heard, content: Any) -> None:
    """A text, or with Mistral a list of thoughts and texts."""
    for part in content if isinstance(content, list) else [{"text": content or ""}]:
        heard.text += part.get("text", "")
        heard.thinking += "".join(thought["text"] for thought in part.get("thinking", ()))


def _chat_thinking(more: dict[str, Any]) -> str:
    told = more.get("reasoning_content") or more.get("reasoning") or ""
    if isinstance(told, dict):
        return str(told.get("text", ""))
    return str(told)


def _data_url(url: str) -> tuple[str, str]:
    head, _, data = url.removeprefix("data:").partition(",")
    return head.removesuffix(";base64"), data


# --- OpenAI responses -----------------------------------------------------------------------------------
def _responses(heard: Heard, is_stream: bool) -> None:
    if not is_stream:
        _response(heard, _OPENAI.responses.create(model="m", input="?"))
        return
    last: Any = None
    with _OPENAI.responses.stream(model="m", input="?") as stream:
        for event in stream:
            if event.type in ("response.completed", "response.incomplete", "response.failed"):
                last = event.response
    if last is None:
        raise openai.APIError("the stream ended without a response", request=None, body=None)  # type: ignore[arg-type]
    _response(heard, last)


def _response(heard: Heard, response: Any) -> None:
    for item in response.output:
        match item.type:
            case "message":
                for part in item.content:
                    heard.text += getattr(part, "text", "") or ""
                    heard.refusal += getattr(part, "refusal", "") or ""
                    heard.sources += [cited.url for cited in getattr(part, "annotations", None) or ()]
            case "reasoning":
                told = [*(item.summary or ()), *(getattr(item, "content", None) or ())]
                heard.thinking += "".join(part.text for part in told)
            case "function_call":
                heard.calls.append((item.name, _object(item.arguments)))
            case "image_generation_call":
                heard.media.append(("image/png", item.result or ""))
            case _:
                heard.other.append(item.type)
    if response.error is not None:
        heard.error, heard.status = response.error.message, 200
    heard.stop = "tool_use" if heard.calls else "end_turn"
    if response.status == "incomplete":
        reason = response.incomplete_details.reason if response.incomplete_details else ""
        heard.stop = "refusal" if reason == "content_filter" else "max_tokens"
    if response.usage is not None:
        heard.usage = Tokens(
            input=response.usage.input_tokens,
            output=response.usage.output_tokens,
            thinking=response.usage.output_tokens_details.reasoning_tokens,
            cache_read=response.usage.input_tokens_details.cached_tokens,
        )


def _object(arguments: str) -> Any:
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments


_EARS: dict[str, Callable[[Heard, bool], None]] = {
    "anthropic": _anthropic,
    "gemini": _gemini,
    "chat": _chat,
    "responses": _responses,
}
