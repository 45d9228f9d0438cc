"""The chunks of one answer, read, to events: their parts, sources, usage and end.

PURE. Only the first candidate is told; further ones (``candidateCount``) travel to a Gemini client as bytes,
and the answer is over when all that were seen have finished. A ``finishReason`` is no end by itself: the API
tells STOP with a part of an answer with code execution, and continues. Of several the last one counts.
"""

import msgspec

from relay.dialects.finishing import says_more
from relay.dialects.gemini.finish_reasons import UNSPECIFIED, stop_reason, usual
from relay.dialects.gemini.upstream_answer.blocks import Blocks
from relay.dialects.gemini.upstream_answer.wire import NOTHING, UsageMetadata, WireAnswer, WireCandidate
from relay.dialects.gemini.upstream_answer.words import words_alone
from relay.dialects.gemini.usage import says_all_of, usage_of
from relay.dialects.interface import DecoderOptions
from relay.dialects.reading.half_characters import any_object
from relay.neutral.conversation import Json
from relay.neutral.events import Event, Extra, Failed, MessageStart, Stop


class AnswerEvents:
    """One answer's events. That the body is over is the caller's to know: ``end`` tells the rest then."""

    __slots__ = ("_blocks", "_has_started", "_is_cut_short", "_others", "_stop", "_told_usage", "_usage")

    def __init__(self, options: DecoderOptions) -> None:
        """A fresh answer."""
        self._blocks = Blocks(options.family, options.call_id_seed)
        self._has_started = False
        self._usage: UsageMetadata | None = None  # as it came last
        self._told_usage: UsageMetadata | None = None  # as it was told last
        self._others: set[int] = set()  # further candidates that have not finished
        self._stop: Stop | None = None  # with nothing of the answer behind it
        self._is_cut_short = False

    @property
    def has_begun(self) -> bool:
        """Was anything said?"""
        return self._blocks.index >= 0

    @property
    def is_finished(self) -> bool:
        """Has every candidate told its finish reason, and nothing behind it?"""
        return self._stop is not None and not self._others

    @property
    def awaits_result(self) -> bool:
        """Does code run, whose result is to follow?"""
        return self._blocks.awaits_result

    def end(self, out: list[Event]) -> Stop | None:
        """Nothing follows: the blocks close, and the stop; None without one. Raises blocks.BrokenAnswer."""
        self.tell_usage(out)
        stop = self._stop
        if stop is None or self._others:
            return None
        self._blocks.finish(is_cut_short=self._is_cut_short, out=out)
        return msgspec.structs.replace(stop, reason="tool_use") if self._calls_tools(stop) else stop

    def take(self, answer: WireAnswer, data: bytes, out: list[Event]) -> None:
        """Tell a chunk into ``out``; ``data`` is its JSON. Raises blocks.BrokenAnswer."""
        if not self._has_started:
            self._has_started = True
            out.append(MessageStart(answer.response_id or "", answer.model_version or ""))
            self._take_usage(answer, out)
            self.tell_usage(out)  # here before the parts: clients tell it where an answer begins
        for position, candidate in enumerate(answer.candidates or ()):
            if not candidate.index:
                self._take_candidate(candidate, data, position, out)
            elif _finishes(candidate):
                self._others.discard(candidate.index)
            else:
                self._others.add(candidate.index)
        self._take_usage(answer, out)
        feedback = answer.prompt_feedback
        if feedback is not None and feedback.block_reason and not answer.candidates:
            self._is_cut_short = True
            self._stop = Stop("refusal", feedback.block_reason, explanation=feedback.block_reason_message)

    def take_words(self, answers: list[WireAnswer], at: int, out: list[Event]) -> int:
        """Tell what from ``at`` on is nothing but more words for the block that is open; up to where."""
        blocks = self._blocks
        if not blocks.open or self._stop is not None or self._others:
            return at
        thinks = blocks.open == "thinking"
        pieces: list[str] = []
        for number in range(at, len(answers)):
            answer = answers[number]
            words = words_alone(answer, thinks)
            if not words:
                break
            pieces.append(words)
            if answer.usage_metadata is not None:
                self._take_usage(answer, out)
            at = number + 1
        blocks.grow(pieces, out)
        return at

    def tell_usage(self, out: list[Event]) -> None:
        """Tell the counts that came and were not told, before a failure that is the last of ``out``."""
        usage = self._usage
        if usage is None or usage is self._told_usage:
            return
        if usage != self._told_usage:
            out.insert(len(out) - 1 if out and type(out[-1]) is Failed else len(out), usage_of(usage))
        self._told_usage = usage

    def _take_usage(self, answer: WireAnswer, out: list[Event]) -> None:
        """Keep the counts for the end of the read: each chunk has them, and later ones replace earlier."""
        usage, before = answer.usage_metadata, self._usage
        if usage is None:
            return
        if before is not None and before is not self._told_usage and not says_all_of(usage, before):
            self.tell_usage(out)
        self._usage = usage

    def _take_candidate(self, candidate: WireCandidate, data: bytes, position: int, out: list[Event]) -> None:
        content, before = candidate.content, len(out)
        has_sources = (
            candidate.grounding_metadata is not NOTHING
            or candidate.citation_metadata is not NOTHING
            or candidate.url_context_metadata is not NOTHING
        )
        if has_sources:  # told behind the parts, or before one ends the text
            self._take_sources(candidate, out)
        if content is not None and content.parts:
            blocks, told = self._blocks, None
            for number, part in enumerate(content.parts):
                if not blocks.take(part, out):
                    told = told or _ToldParts(data)
                    blocks.opaque(told.at(position, number), out)
        if self._stop is not None and says_more(out[before:]):
            self._stop = None
        if has_sources:
            self._blocks.cite(out)
        reason = candidate.finish_reason and usual(candidate.finish_reason)
        if reason and reason != UNSPECIFIED:
            self._is_cut_short = reason == "MAX_TOKENS"
            self._stop = Stop(
                stop_reason(reason),
                reason,
                explanation=candidate.finish_message,
                continuation_token=candidate.continuation_token,
            )

    def _calls_tools(self, stop: Stop) -> bool:
        """Gemini says STOP also when it calls tools."""
        return stop.reason == "end_turn" and self._blocks.has_calls

    def _take_sources(self, candidate: WireCandidate, out: list[Event]) -> None:
        """Take what the candidate names beside its parts."""
        grounding, citations = candidate.grounding_metadata, candidate.citation_metadata
        self._blocks.sources.take(grounding, citations)
        for name, raw in (
            ("groundingMetadata", grounding),
            ("citationMetadata", citations),
            ("urlContextMetadata", candidate.url_context_metadata),
        ):
            if raw is not NOTHING:
                out.append(Extra("gemini.candidate", name, bytes(raw)))


def _finishes(candidate: WireCandidate) -> bool:
    return candidate.finish_reason not in (None, "", UNSPECIFIED)


class _ToldParts:
    """A candidate's parts with all that they say: the chunk is read once more, at the first that needs it."""

    __slots__ = ("_data", "_whole")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._whole: Json | None = None

    def at(self, candidate: int, part: int) -> Json:
        if self._whole is None:
            self._whole = any_object(self._data) or {}
        try:
            found = self._whole["candidates"][candidate]["content"]["parts"][part]
        except (LookupError, TypeError):
            return {}
        return found if isinstance(found, dict) else {}
