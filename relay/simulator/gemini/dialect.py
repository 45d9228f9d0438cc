"""Gemini's generateContent in its three homes: the Developer API, Vertex and Code Assist."""

import hashlib
from typing import Any

from relay.simulator.dialect import EventKind, Inbound, Json, SimulatedEvent, encode_json
from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.gemini.answer import PreparedContent, continues_at
from relay.simulator.gemini.config import check_config
from relay.simulator.gemini.errors import error_body, unknown_name
from relay.simulator.gemini.fields import normalized
from relay.simulator.gemini.history import check_contents, merged_turns
from relay.simulator.gemini.rules import GeminiRules, model_names, rules_for
from relay.simulator.model.asks import ANY_TOOL, Ask, AskedMedia, AskedTurn
from relay.simulator.model.embedding import vector_of
from relay.simulator.model.prefix import Prefix
from relay.simulator.model.prose import token_count
from relay.simulator.model.signatures import decode

_VERTEX_ONLY = ("modelArmorConfig", "outputConfig")
_MEDIA_TOKENS = 258  # what an image costs, whatever its size


class Gemini:
    """The dialect of generateContent; the route says in which of its homes."""

    name = "gemini"
    door = "gemini"
    line_end = b"\r\n"

    def user_texts(self, body: Json) -> list[str]:
        """The user texts of a request, oldest first."""
        request = body.get("request") if isinstance(body.get("request"), dict) else body
        contents = request.get("contents") if isinstance(request, dict) else None
        texts: list[str] = []
        for content in contents if isinstance(contents, list) else []:
            if isinstance(content, dict) and content.get("role", "user") == "user":
                parts = content.get("parts")
                for part in parts if isinstance(parts, list) else []:
                    if isinstance(part, dict) and isinstance(part.get("text"), str):
                        texts.append(part["text"])
        return texts

    def prepare(self, inbound: Inbound) -> PreparedContent:
        """Check a generateContent request as the API does. Raises Refused."""
        rules = _rules(inbound)
        request = _request(inbound)
        check_config(request, rules)
        check_contents(request.get("contents"), inbound, rules)
        generation = request.get("generationConfig") or {}
        return PreparedContent(
            ask=_ask(request, generation, rules),
            streams=inbound.route.streams,
            inbound=inbound,
            rules=rules,
            prefix=_prefix(request),
            declares_functions=any(tool.get("functionDeclarations") for tool in request.get("tools") or []),
        )

    def count(self, inbound: Inbound) -> Json:
        """``countTokens``. Raises Refused."""
        rules = _rules(inbound)
        body = inbound.body
        inner = body.get("generateContentRequest") or body.get("request") or body
        request = normalized(inner)
        check_contents(request.get("contents"), inbound, rules)
        tokens = _prefix(request).tokens
        return {"totalTokens": tokens, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}]}

    def embed(self, inbound: Inbound) -> Json:
        """``embedContent`` and ``batchEmbedContents``. Raises Refused."""
        batch = inbound.route.method == "batchEmbedContents"
        requests = inbound.body.get("requests") if batch else [inbound.body]
        if not isinstance(requests, list) or not requests:
            raise OrderedRefusal(400, "* BatchEmbedContentsRequest.requests: requests is not specified")
        if len(requests) > 100:
            raise OrderedRefusal(
                400, "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch"
            )
        vectors, tokens = [], 0
        for request in requests:
            parts = (request.get("content") or {}).get("parts") or []
            text = " ".join(str(part.get("text", "")) for part in parts)
            if not text:
                raise OrderedRefusal(400, "* EmbedContentRequest.content: contents is not specified")
            tokens += token_count(text)
            vectors.append({"values": vector_of(text, request.get("outputDimensionality") or 768)})
        usage = {"promptTokenCount": tokens}
        if batch:
            return {"embeddings": vectors, "usageMetadata": usage}
        return {"embedding": vectors[0], "usageMetadata": usage}

    def list_models(self) -> Json:
        """The models, in one page."""
        return {"models": [_model(name) for name in model_names()]}

    def get_model(self, model: str) -> Json:
        """One model. Raises Refused."""
        if not model.startswith("gemini-") or rules_for(model) is None:
            raise _no_model(model)
        return _model(model)

    def headers(self, request_id: str) -> dict[str, str]:
        """Google names no request id in a header."""
        return {"Vary": "Origin, X-Origin, Referer", "Server": "scaffolding on HTTPServer2"}

    def error_body(self, refused: OrderedRefusal, request_id: str) -> Json:
        """``{"error": {code, message, status, details}}``."""
        return error_body(refused)

    def error_event(self, refused: OrderedRefusal, request_id: str) -> SimulatedEvent:
        """The same object as an event."""
        return SimulatedEvent(EventKind.END, encode_json(error_body(refused)))

    def heartbeat(self) -> bytes:
        """A comment line."""
        return b": ping\r\n\r\n"

    def empty_thought(self) -> SimulatedEvent:
        """A thought part without text: the nearest that Gemini has to an open thinking block."""
        content = {"parts": [{"text": "", "thought": True}], "role": "model"}
        return SimulatedEvent(EventKind.OPEN, encode_json({"candidates": [{"content": content, "index": 0}]}))


def _rules(inbound: Inbound) -> GeminiRules:
    rules = rules_for(inbound.base_model)
    if rules is None or not inbound.base_model:
        raise _no_model(inbound.model)
    return rules


def _no_model(model: str) -> OrderedRefusal:
    return OrderedRefusal(
        404,
        f"models/{model} is not found for API version v1beta, or is not supported for generateContent. Call "
        "ListModels to see the list of available models and their supported methods.",
    )


def _request(inbound: Inbound) -> Json:
    if inbound.route.dialect == "vertex" and inbound.route.version == "v1":
        generation = inbound.body.get("generationConfig") or {}
        if "continuationToken" in inbound.body or "continuationToken" in generation:
            raise unknown_name("continuationToken", "")  # v1beta1 knows it
    if inbound.route.dialect != "code_assist":
        vertex = _VERTEX_ONLY if inbound.route.dialect == "vertex" else ()
        return normalized({name: value for name, value in inbound.body.items() if name not in vertex})
    extra = inbound.body.keys() - {"model", "project", "user_prompt_id", "request", "enabled_credit_types"}
    if extra:
        raise OrderedRefusal(
            400, f'Invalid JSON payload received. Unknown name "{min(extra)}": Cannot find field.'
        )
    if not inbound.body.get("project"):
        raise OrderedRefusal(403, "Cloud AI Companion API requires a project.")
    request = dict(inbound.body.get("request") or {})
    request.pop("session_id", None)
    return normalized(request)


def _ask(request: Json, generation: Json, rules: GeminiRules) -> Ask:
    thinking = generation.get("thinkingConfig") or {}
    calling = (request.get("toolConfig") or {}).get("functionCallingConfig") or {}
    allowed = calling.get("allowedFunctionNames") or []
    tools = {
        declared["name"]: declared.get("parametersJsonSchema") or declared.get("parameters") or {}
        for tool in request.get("tools") or []
        for declared in tool.get("functionDeclarations") or []
        if not allowed or declared["name"] in allowed
    }
    schema = generation.get("responseJsonSchema") or generation.get("responseSchema")
    wants_json = generation.get("responseMimeType") == "application/json"
    return Ask(
        turns=[
            _turn(role, [part for _, _, part in parts]) for role, parts in merged_turns(request["contents"])
        ],
        tools=tools if calling.get("mode") != "NONE" else {},
        forced=ANY_TOOL if calling.get("mode") == "ANY" else "",
        json_schema=(schema or {}) if wants_json else None,
        stop_sequences=tuple(generation.get("stopSequences") or ()),
        max_tokens=generation.get("maxOutputTokens"),
        thinks=bool(rules.name) and thinking.get("thinkingBudget") != 0,
        searches=any("googleSearch" in tool for tool in request.get("tools") or []),
        shows_thinking=bool(thinking.get("includeThoughts")),
        # the SDK sends it at the top level, the vendor's page puts it here: both are taken
        continues_at=continues_at(request.get("continuationToken") or generation.get("continuationToken")),
    )


def _turn(role: str, parts: list[Json]) -> AskedTurn:
    texts, results, media = list[str](), list[str](), list[AskedMedia]()
    for part in parts:
        if part.get("thought"):
            continue
        if part.get("text"):
            texts.append(part["text"])
        elif "functionResponse" in part:
            response = part["functionResponse"]
            results.append(_said(response["response"]))
            media += [_media(inner) for inner in response.get("parts") or []]
        elif "inlineData" in part or "fileData" in part:
            media.append(_media(part))
    return AskedTurn("user" if role == "user" else "model", tuple(texts), tuple(results), tuple(media))


def _said(response: Json) -> str:
    for name in ("output", "result", "content"):
        if isinstance(response.get(name), str):
            return str(response[name])
    if "error" in response:
        return f"ERROR {response['error']}"
    return encode_json(response).decode()


def _media(part: Json) -> AskedMedia:
    if blob := part.get("inlineData"):
        data = decode(blob["data"])
        return AskedMedia(blob["mimeType"], len(data), hashlib.sha256(data).hexdigest())
    file = part.get("fileData") or {}
    return AskedMedia(file.get("mimeType", "file"), url=str(file.get("fileUri", "")))


def _prefix(request: Json) -> Prefix:
    """The conversation's digest; signatures and ids do not count."""
    prefix = Prefix()
    for name in ("tools", "systemInstruction"):
        if request.get(name):
            prefix.add([name, request[name]])
    for content in request["contents"]:
        for part in content["parts"]:
            item: Any = {name: value for name, value in part.items() if name != "thoughtSignature"}
            prefix.add([content.get("role", "user"), item], _MEDIA_TOKENS if "inlineData" in part else None)
    return prefix


def _model(name: str) -> Json:
    rules = rules_for(name)
    assert rules is not None
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name.replace("-", " ").title(),
        "description": "A simulated model",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": rules.max_output_tokens,
        "supportedGenerationMethods": ["generateContent", "countTokens", "streamGenerateContent"],
        "temperature": 1,
        "maxTemperature": 2,
        "topP": 0.95,
        "topK": 64,
        "thinking": True,
    }
