"""Writes a reply as Gemini's stream chunks, or as one response; Code Assist's come in its envelope."""

from dataclasses import dataclass
from typing import Any

from relay.simulator.dialect import EventKind, Inbound, Json, SimulatedEvent, encode_json
from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.gemini.history import call_digest
from relay.simulator.gemini.rules import GeminiRules
from relay.simulator.model.asks import Ask
from relay.simulator.model.prefix import Prefix
from relay.simulator.model.prose import token_count
from relay.simulator.model.reply import Call, Reply, ReplyStop, SaidText, SaidThinking
from relay.simulator.model.signatures import NotBase64Error, SignatureSeal, issue, read

_FINISH_REASONS = {
    ReplyStop.END: "STOP",
    ReplyStop.MAX_TOKENS: "MAX_TOKENS",
    ReplyStop.STOP_SEQUENCE: "STOP",
    ReplyStop.TOOL: "STOP",
    ReplyStop.SAFETY: "SAFETY",
    ReplyStop.MALFORMED_CALL: "MALFORMED_FUNCTION_CALL",
    ReplyStop.MISSING_SIGNATURE: "MISSING_THOUGHT_SIGNATURE",
    ReplyStop.CONTINUATION: "CONTINUATION",
}
_FINISH_MESSAGES = {
    ReplyStop.MALFORMED_CALL: "Malformed function call: print(default_api.",
    ReplyStop.MISSING_SIGNATURE: "Function call is missing a thought_signature.",
}
_CONTINUES = "continuation"


@dataclass(slots=True)
class PreparedContent:
    """A valid generateContent request. Its prompt cache is read and written when the reply is."""

    ask: Ask
    streams: bool
    inbound: Inbound
    rules: GeminiRules
    prefix: Prefix
    declares_functions: bool

    def events(self, reply: Reply) -> list[SimulatedEvent]:
        """One chunk per part, then the one with the finish reason and the final usage."""
        input_usage, said = self._input_usage(), 0
        if reply.stop is ReplyStop.BLOCKED_PROMPT:
            return [SimulatedEvent(EventKind.END, encode_json(self._enveloped(self._blocked(input_usage))))]
        events: list[SimulatedEvent] = []
        for kind, part, tokens in self._parts(reply):
            said += tokens
            usage = input_usage | _output_usage(said, 0, input_usage)
            events.append(SimulatedEvent(kind, encode_json(self._chunk([part], {}, usage))))
        usage = input_usage | _output_usage(reply.output_tokens, reply.thinking_tokens, input_usage)
        last = self._last_part(reply)
        parts = [{"text": ""} | last] if last or reply.blocks else None
        events.append(
            SimulatedEvent(EventKind.END, encode_json(self._chunk(parts, self._ending(reply), usage)))
        )
        return events

    def document(self, reply: Reply) -> Json:
        """The whole response, text in one part."""
        usage = self._input_usage()
        if reply.stop is ReplyStop.BLOCKED_PROMPT:
            return self._enveloped(self._blocked(usage))
        parts: list[Json] = []
        for _, part, _ in self._parts(reply):
            same = parts and "text" in part and "text" in parts[-1]
            if same and part.get("thought") == parts[-1].get("thought"):
                parts[-1]["text"] += part["text"]
            else:
                parts.append(dict(part))
        if last := self._last_part(reply):
            if parts:
                parts[-1] |= last
            else:
                parts.append({"text": ""} | last)
        usage |= _output_usage(reply.output_tokens, reply.thinking_tokens, usage)
        return self._chunk(parts or None, self._ending(reply), usage)

    def _parts(self, reply: Reply) -> list[tuple[EventKind, Json, int]]:
        """Every part that carries something: what it is, its JSON, its tokens."""
        parts: list[tuple[EventKind, Json, int]] = []
        signed = False
        signs_text = self._signs_first_text() and not reply.calls()
        for block in reply.blocks:
            match block:
                case SaidThinking():
                    for segment in block.segments if block.shown else ():
                        parts.append((EventKind.THINKING, {"text": segment, "thought": True}, 0))
                case SaidText():
                    for one in block.segments:
                        part: Json = {"text": one}
                        if signs_text and not signed:
                            part["thoughtSignature"] = self._signature(b"")
                            signed = True
                        parts.append((EventKind.TEXT, part, token_count(one)))
                case Call():
                    part = self._call_part(block)
                    if self._signs() and not signed:
                        part["thoughtSignature"] = self._signature(call_digest(block.name, block.arguments))
                        signed = True
                    parts.append((EventKind.TOOL, part, token_count(block.name)))
        return parts

    def _call_part(self, call: Call) -> Json:
        data: Json = {"name": call.name, "args": call.arguments}
        # 2.5 and Vertex name no id
        if self.rules.family != "gemini-2.5" and self.inbound.route.dialect != "vertex":
            data = {"id": f"call_{call.id}"} | data
        return {"functionCall": data}

    def _signs(self) -> bool:
        """2.5 signs only where functions are declared; later families always."""
        return self.ask.thinks and (self.rules.family != "gemini-2.5" or self.declares_functions)

    def _signs_first_text(self) -> bool:
        """2.5 signs the first part of its answer, which then goes on behind the signature."""
        return self.rules.family == "gemini-2.5" and self._signs()

    def _last_part(self, reply: Reply) -> Json:
        """What the last part carries besides text: without function calls, the signature."""
        if reply.calls() or not reply.blocks or not self._signs():
            return {}
        if self._signs_first_text() and any(isinstance(block, SaidText) for block in reply.blocks):
            return {}
        return {"thoughtSignature": self._signature(b"")}

    def _signature(self, content: bytes) -> str:
        inbound = self.inbound
        return issue(
            SignatureSeal(self.rules.family, inbound.base_model, inbound.account, self.prefix.digest, content)
        )

    def _ending(self, reply: Reply) -> Json:
        ending: Json = {"finishReason": _FINISH_REASONS[reply.stop]}
        if reply.stop in _FINISH_MESSAGES:
            ending["finishMessage"] = _FINISH_MESSAGES[reply.stop]
        for block in reply.blocks:
            if isinstance(block, SaidText) and block.source:
                ending["groundingMetadata"] = _grounding(block)
        if reply.stop is ReplyStop.SAFETY:
            rating = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
            ending["safetyRatings"] = [rating]
        if reply.continues_at is not None:
            at = str(reply.continues_at).encode()
            ending["continuationToken"] = issue(
                SignatureSeal(_CONTINUES, self.inbound.base_model, "", b"", at)
            )
        return ending

    def _chunk(self, parts: list[Json] | None, ending: Json, usage: Json) -> Json:
        content: Json = {"role": "model"} if parts is None else {"parts": parts, "role": "model"}
        return self._enveloped(
            {
                "candidates": [{"content": content, **ending, "index": 0}],
                "usageMetadata": usage,
                "modelVersion": self.inbound.model,
                "responseId": self.inbound.request_id,
            }
        )

    def _blocked(self, usage: Json) -> Json:
        return {
            "promptFeedback": {"blockReason": "SAFETY"},
            "usageMetadata": usage,
            "modelVersion": self.inbound.model,
            "responseId": self.inbound.request_id,
        }

    def _enveloped(self, response: Json) -> Json:
        if self.inbound.route.dialect != "code_assist":
            return response
        return {"response": response, "traceId": self.inbound.request_id}

    def _input_usage(self) -> Json:
        inbound, points = self.inbound, self.prefix.points
        cached = inbound.cache.read(inbound.account, inbound.base_model, points)
        inbound.cache.store(inbound.account, inbound.base_model, points)
        prompt = self.prefix.tokens
        usage: Json = {
            "promptTokenCount": prompt,
            "totalTokenCount": prompt,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
        }
        if cached:
            usage["cachedContentTokenCount"] = cached
        return usage


def _grounding(text: SaidText) -> Json:
    return {
        "webSearchQueries": ["harbour"],
        "groundingChunks": [{"web": {"uri": text.source, "title": "Guide"}}],
        "groundingSupports": [{"segment": {"text": text.segments[0]}, "groundingChunkIndices": [0]}],
    }


def continues_at(token: Any) -> int | None:
    """The text event at which a continued answer goes on, from its token. Raises Refused."""
    if token is None:
        return None
    try:
        seal = read(str(token))
    except NotBase64Error:
        seal = None
    if seal is None or seal.family != _CONTINUES:
        raise OrderedRefusal(400, "The continuation token is invalid.")
    return int(seal.content)


def _output_usage(said: int, thought: int, input_usage: Json) -> Json:
    usage: Json = {"totalTokenCount": input_usage["promptTokenCount"] + said + thought}
    if said:
        usage["candidatesTokenCount"] = said
    if thought:
        usage["thoughtsTokenCount"] = thought
    return usage
