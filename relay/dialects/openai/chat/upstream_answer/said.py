"""What a choice has said, so that a whole message behind its deltas says only the rest. PURE.

MiniMax M3 ends a stream with the whole completion. Other servers put each piece of an answer in a message:
what no delta began is told, in however many messages it comes.
"""

from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any

import msgspec

from relay.dialects.openai.chat.upstream_answer.blocks import Blocks, BrokenCall, ChatBlock
from relay.dialects.openai.chat.upstream_answer.thoughts import (
    REASONING,
    first_thought,
    is_signed,
    thought_in,
)
from relay.dialects.openai.chat.upstream_answer.wire import Delta
from relay.dialects.openai.text_in_pieces import TextInPieces
from relay.neutral.conversation import Json

_CALLS = "calls"
_LISTS = ("annotations", "images")

_encoded = msgspec.json.Encoder(order="deterministic").encode


class ToldChoice:
    """One choice's."""

    def __init__(self, blocks: Blocks | None = None) -> None:
        """Nothing yet; ``blocks`` hears the choice's calls from somebody else, or there are none."""
        self._hears_calls = blocks is None
        self._blocks = blocks or Blocks("")
        self._texts = {"content": TextInPieces(), "thinking": TextInPieces(), "refusal": TextInPieces()}
        self._content = self._texts["content"]
        self._entries: dict[str, set[bytes]] = {}
        self._sound: set[str] = set()
        self._by_deltas: set[str] | None = None  # what was said before the first message that says something

    def note(self, delta: Delta) -> str:
        """It is said now; the thoughts in it."""
        content = delta.content
        if content:
            self._content.pieces.append(content if type(content) is str else _text_in(content))
        thought = ""
        if (  # most deltas have none: they are looked at here, without a call
            delta.reasoning_content
            or delta.reasoning
            or delta.reasoning_text
            or delta.thinking
            or delta.reasoning_details
            or delta.thinking_blocks
        ) and (thought := thought_in(delta)):
            said = self._texts["thinking"]
            if delta.thinking_blocks and is_signed(delta) and said.whole.endswith(thought.strip()):
                thought = ""  # LiteLLM: the signed block has all of its thought once more
            said.pieces.append(thought)
        if delta.refusal:
            self._texts["refusal"].pieces.append(delta.refusal)
        if self._hears_calls and (delta.tool_calls or delta.function_call):
            self._note_calls(delta)
        if delta.annotations or delta.images:
            for name in _LISTS:
                self._entries.setdefault(name, set()).update(map(_entry, getattr(delta, name) or ()))
        if delta.audio:
            self._sound.update(name for name, value in delta.audio.items() if value)
            self._content.pieces.append(_transcript_in(delta.audio))
        return thought

    def rest(self, message: Json, *, is_end: bool) -> Json:
        """A whole message, of the types that a delta has, as a delta without what was said.

        Words that do not begin as the deltas' did are a further piece of the answer; with ``is_end`` they
        are the same answer, told otherwise.
        """
        if self._by_deltas is None and _says_something(message):
            self._by_deltas = self._said_so_far()
        left = dict(message)
        if any(text.pieces for text in self._texts.values()) or self._blocks.calls:
            left.pop("role", None)
        for name in ("content", "refusal"):
            told = message.get(name)
            text = told if isinstance(told, str) else _text_in(told or ())
            rest = self._rest_of(name, text, is_end)
            if rest != text:
                _put(left, name, rest)
        self._leave_out_thinking(left, is_end)
        self._leave_out_sound(left, is_end)
        for name in _LISTS:
            known = self._entries.get(name)
            if known and message.get(name):
                _put(left, name, [one for one in message[name] if _entry(one) not in known])
        _put(left, "tool_calls", self._new_calls(message.get("tool_calls") or ()))
        if _CALLS in (self._by_deltas or ()):
            left.pop("function_call", None)
        return left

    def _said_so_far(self) -> set[str]:
        said = {name for name, text in self._texts.items() if any(text.pieces)}
        said |= {f"audio.{name}" for name in self._sound}
        return said | ({_CALLS} if self._blocks.calls else set())

    def _rest_of(self, name: str, told: str, is_end: bool) -> str:
        by_deltas = self._by_deltas or set()
        if not told or name not in by_deltas:
            return told
        if is_end:
            return self._texts[name].rest_of_same(told)
        rest = self._texts[name].rest_of(told)
        if rest is not None:
            return rest
        by_deltas.discard(name)  # the messages are pieces
        return told

    def _leave_out_thinking(self, left: Json, is_end: bool) -> None:
        """Under whichever of its names; what is encrypted or signed came with the thoughts."""
        if "thinking" not in (self._by_deltas or ()):
            return
        thought = first_thought(left.get(name) for name in REASONING)
        rest = self._rest_of("thinking", thought, is_end)
        if rest and rest == thought:
            return
        name = "reasoning" if left.get("reasoning") else "reasoning_content"
        for other in REASONING:
            left.pop(other, None)
        _put(left, name, rest)

    def _leave_out_sound(self, left: Json, is_end: bool) -> None:
        """A transcript is text: what was said of it counts, under whichever name."""
        audio = left.get("audio")
        if not audio:
            return
        fields = {name: audio[name] for name in audio if f"audio.{name}" not in (self._by_deltas or ())}
        fields.pop("transcript", None)
        _put(fields, "transcript", self._rest_of("content", _transcript_in(audio), is_end))
        _put(left, "audio", fields if "data" in fields or "transcript" in fields else {})

    def _new_calls(self, calls: Sequence[Any]) -> list[Json]:
        """Those that deltas did not tell, and the arguments of those that they told without."""
        goes_on = _CALLS in (self._by_deltas or ())
        count = len(self._blocks.calls) if goes_on else 0
        new: list[Json] = []
        for place, call in enumerate(one for one in calls if isinstance(one, dict)):
            told = self._told(place, call) if goes_on else None
            if told is None:
                new.append({**call, "index": count})
                count += 1
            elif not told.is_argued and (arguments := _function_in(call).get("arguments")):
                new.append({"index": told.position, "function": {"arguments": arguments}})
        return new

    def _told(self, place: int, call: Json) -> ChatBlock | None:
        """The call that was told, by its id, or where one of the two has none by its place and name."""
        calls, numbers = self._blocks.calls, self._blocks.numbers
        call_id, name = call.get("id") or "", _function_in(call).get("name")
        by_id = numbers.position_of(call_id)
        if by_id is not None:
            return calls[by_id]
        one = calls[place] if place < len(calls) else None
        if one is None or (call_id and numbers.told_id(place)) or (name and one.name and name != one.name):
            return None
        return one

    def _note_calls(self, delta: Delta) -> None:
        fragments = delta.tool_calls or ()
        with suppress(BrokenCall):  # a further choice, which only its own dialect tells: as it is
            for number, one in enumerate(fragments):
                self._blocks.call(one, len(fragments) - 1 - number, [])
            if delta.function_call is not None:
                self._blocks.function_call(delta.function_call, [])


def _says_something(message: Json) -> bool:
    """Is it more than a role, and fields that are empty?"""
    content = message.get("content")
    if isinstance(content, str) or not content:
        says = bool(content)
    else:
        says = any(not isinstance(part, dict) or part.get("text") != "" for part in content)
    others = ("refusal", *REASONING, "tool_calls", "function_call", "images")
    return says or any(message.get(name) for name in others) or any((message.get("audio") or {}).values())


def _put(fields: Json, name: str, value: Any) -> None:
    if value:
        fields[name] = value
    else:
        fields.pop(name, None)


def _text_in(parts: Sequence[Any]) -> str:
    told = (part for part in parts if not isinstance(part, dict) or part.get("type") != "thinking")
    texts = (part.get("text") if isinstance(part, dict) else part for part in told)
    return "".join(text for text in texts if isinstance(text, str))


def _transcript_in(audio: Json) -> str:
    transcript = audio.get("transcript")
    return transcript if isinstance(transcript, str) else ""


def _function_in(call: Json) -> Json:
    function = call.get("function") or call.get("custom")
    return function if isinstance(function, dict) else {}


def _entry(entry: Any) -> bytes:
    """The digest of an entry of a list, whatever its number in it: pictures have 20 to 40 MB."""
    if isinstance(entry, dict):
        entry = {name: value for name, value in entry.items() if name != "index"}
    return blake2b(_encoded(entry), digest_size=16).digest()
