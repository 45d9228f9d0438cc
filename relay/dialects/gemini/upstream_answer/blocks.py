"""Parts of an answer to blocks: deltas of one kind continue one block, everything else is a block of its own.

PURE. A signature ends a block of thinking: two signed thoughts, or a signed and an unsigned one behind it,
are never one. It does not end a text, for most clients have no place for a text's signature, and some take
the last text block for the whole answer. Sources are told behind the words that they support.
"""

from typing import Any, Literal

import msgspec
from msgspec import Raw

from relay.dialects.gemini.upstream_answer.citations import Sources
from relay.dialects.gemini.upstream_answer.partial_arguments import BadPath, PartialArguments
from relay.dialects.gemini.upstream_answer.server_parts import WholePart, media_of, server_part
from relay.dialects.gemini.upstream_answer.wire import FunctionCall, Part, is_more_than_text
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Event,
    Extra,
    Signature,
    TextDelta,
    ThinkingDelta,
    joined_words,
)

_NO_PAYLOAD = frozenset({"thought", "thoughtSignature", "thought_signature", "text"})


class BrokenParts(Exception):
    """The parts make no answer; the text says why, and holds nothing of them."""


class _OpenCall(msgspec.Struct):
    arguments: PartialArguments
    signature: str | None


class Blocks:
    """The blocks of one answer as they are told."""

    __slots__ = (
        "_call",
        "_call_id_seed",
        "_family",
        "_ids",
        "awaits_result",
        "has_calls",
        "has_text",
        "index",
        "open",
        "sources",
    )

    def __init__(self, family: str, call_id_seed: str) -> None:
        """``family`` can read the signatures; ``call_id_seed`` makes ids for calls without one."""
        self.index = -1
        self.open: Literal["text", "thinking", ""] = ""
        self.has_calls = self.has_text = False
        self.awaits_result = False  # of a server's tool that runs
        self.sources = Sources()
        self._call: _OpenCall | None = None
        self._ids: set[str] = set()
        self._family = family
        self._call_id_seed = call_id_seed

    def take(self, part: Part, out: list[Event]) -> bool:
        """Tell ``part`` into ``out``; False: it is of no kind that is known. Raises BrokenAnswer."""
        text, signature = part.text, part.thought_signature
        if text is not None:
            has_more = is_more_than_text(part)
            if text or (signature and not has_more):
                if self._call is not None:
                    raise BrokenParts("a tool call was cut")
                kind: Literal["thinking", "text"] = "thinking" if part.thought else "text"
                self._grow(kind, text, None if has_more else signature, out)
            elif part.thought and not self.open:
                self._grow("thinking", "", None, out)  # nothing yet, but it thinks: a sign of life
            if not has_more:
                return True
        if part.function_call is not None:
            self._function_call(part.function_call, signature, out)
            return True
        if self._call is not None:
            raise BrokenParts("a tool call was cut")
        return self._rare(part, out)

    def grow(self, words: list[str], out: list[Event]) -> None:
        """More words of the text or thinking that is open, in as few deltas as clients can read."""
        delta = TextDelta if self.open == "text" else ThinkingDelta
        for text in joined_words(words):
            out.append(delta(self.index, text))
            self.has_text = self.has_text or delta is TextDelta

    def opaque(self, part: dict[str, Any], out: list[Event]) -> None:
        """Tell a part of an unknown kind, which has more to it than a flag or a signature."""
        names = [name for name, value in part.items() if value is not None and name not in _NO_PAYLOAD]
        if names:
            self._whole(WholePart("opaque", "", names[0], msgspec.json.encode(part)), None, out)

    def close(self, out: list[Event]) -> None:
        """Close the text or thinking block that is still open."""
        if self.open:
            self.cite(out)
            out.append(BlockStop(self.index))
            self.open = ""

    def cite(self, out: list[Event]) -> None:
        """Tell the sources that the open text has not got yet; without one they wait for the next."""
        if self.open == "text":
            self.sources.tell(self.index, out)

    def finish(self, *, is_cut_short: bool, out: list[Event]) -> None:
        """The answer is over; raises BrokenAnswer for a half-told call, unless the limit cut it short.

        What was searched for to find its words is told behind them: the API names it only then.
        """
        if self._call is not None:
            if not is_cut_short:
                raise BrokenParts("a tool call was cut")
            self._end_call(self._call, out)
        self.close(out)
        if self.has_text:
            self.index = self.sources.tell_searches(self.index + 1, out) - 1

    def _grow(
        self, kind: Literal["text", "thinking"], text: str, signature: str | None, out: list[Event]
    ) -> None:
        if self.open != kind:
            self.close(out)
            self.index += 1
            self.open = kind
            self.awaits_result = False
            out.append(BlockStart(self.index, kind))
        if text and kind == "text":
            self.has_text = True
            out.append(TextDelta(self.index, text))
        elif text:
            out.append(ThinkingDelta(self.index, text))
        if signature:
            out.append(Signature(self.index, signature, self._family))
            if kind == "thinking":
                self.close(out)

    def _function_call(self, call: FunctionCall, signature: str | None, out: list[Event]) -> None:
        is_partial = bool(call.will_continue or call.partial_args)
        if self._call is None:
            if not call.name:
                raise BrokenParts("a function call has no name")
            self.close(out)
            self.index += 1
            self.has_calls = True
            out.append(BlockStart(self.index, "tool_call", self._id(call.id or ""), call.name))
            if not is_partial:
                out.append(ArgumentsDelta(self.index, _arguments(call.args)))
                self._sign_and_stop(signature, out)
                return
            self._call = _OpenCall(PartialArguments(), signature)
        elif call.name and not is_partial:
            raise BrokenParts("a tool call was cut")
        self._call.signature = self._call.signature or signature
        try:
            self._call.arguments.take(call.partial_args or [])
        except BadPath as error:
            raise BrokenParts(str(error)) from error
        if not call.will_continue:
            self._end_call(self._call, out)

    def _end_call(self, call: _OpenCall, out: list[Event]) -> None:
        self._call = None
        out.append(ArgumentsDelta(self.index, call.arguments.as_json()))
        self._sign_and_stop(call.signature, out)

    def _rare(self, part: Part, out: list[Event]) -> bool:
        signature, media = part.thought_signature, media_of(part)
        if media is not None:
            if part.thought:  # a sketch on the way to the image: not the answer
                out.append(Extra("gemini.part", "inlineData", media))
            else:
                self._whole(WholePart("media", "", "", media), signature, out)
            return True
        found = server_part(part)
        if found is not None:
            self._whole(found, signature, out)
            return True
        if signature:
            self._grow("thinking" if part.thought else "text", "", signature, out)
        return bool(signature)

    def _whole(self, told: WholePart, signature: str | None, out: list[Event]) -> None:
        self.close(out)
        self.index += 1
        self.awaits_result = told.kind == "server_call"
        out.append(BlockStart(self.index, told.kind, told.id, told.name, told.payload, told.result))
        if told.arguments:
            out.append(ArgumentsDelta(self.index, told.arguments))
        self._sign_and_stop(signature, out)

    def _sign_and_stop(self, signature: str | None, out: list[Event]) -> None:
        if signature:
            out.append(Signature(self.index, signature, self._family))
        out.append(BlockStop(self.index))

    def _id(self, own: str) -> str:
        """The call's own id, made unique; clients match results by it."""
        made, number = own, len(self._ids)
        while not made or made in self._ids:
            number += 1
            made = f"{own}-{number}" if own else f"call_{self._call_id_seed}_{number}"
        self._ids.add(made)
        return made


def _arguments(args: Raw) -> str:
    text = bytes(args).decode("utf-8")
    if text in ("", "null"):
        return "{}"
    if not text.startswith("{"):
        raise BrokenParts("the arguments of a function call are no object")
    return text
