"""What the deltas of one answer say, in its order: thoughts, text, what is cited, pictures, sound, calls.

PURE. Several of them may stand in one delta. Where the vendor's SDK could not put the pieces together as they
came, the chunk is to be rewritten.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from relay.dialects.openai.chat.client_answer.rewrites import Place, Rewrites
from relay.dialects.openai.chat.upstream_answer.bent_calls import put_right
from relay.dialects.openai.chat.upstream_answer.blocks import Blocks, BrokenCall
from relay.dialects.openai.chat.upstream_answer.extras import CitedSource, picture_in, source_in
from relay.dialects.openai.chat.upstream_answer.thoughts import reasoning_text
from relay.dialects.openai.chat.upstream_answer.wire import CallFragment, Delta
from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.call_arguments import bare
from relay.neutral.events import Citation, Event, Extra

_json = msgspec.json.encode
_FIELDS: dict[str, Place] = {
    "index": ("index",),
    "id": ("id",),
    "name": ("function", "name"),
    "arguments": ("function", "arguments"),
}
_OLDER_FIELDS: dict[str, Place] = {"name": ("name",), "arguments": ("arguments",)}
"""Of the one call of the older ``functions``."""


class Placeholder(msgspec.Struct, gc=False):
    """An empty object of arguments, and its place in its chunk; it ``is_dropped`` when the real one came.

    ``shown`` is what a client has with it of all the arguments, without white space.
    """

    place: Place
    shown: str
    is_dropped: bool = False


class Deltas:
    """One answer; ``blocks`` is what it amounts to so far.

    ``placeholders`` are those of the chunk that was read last, ``doubts`` those of all chunks behind which
    nothing came yet, by the positions of their calls.
    """

    def __init__(self, call_id_seed: str, rewrites: Rewrites, where: str) -> None:
        """Nothing said yet; ``where`` is the ``Extra``s'."""
        self.blocks = Blocks(call_id_seed)
        self._rewrites = rewrites
        self._where = where
        self._has_sound = False
        self._sources: dict[str, CitedSource] = {}  # that are not told yet, for their text is not there
        self._cited: set[str] = set()
        self.placeholders: list[Placeholder] = []
        self.doubts: dict[int, list[Placeholder]] = {}
        self._is_older = False  # a call came in the form of the older functions
        self._numbers = {"images": 0, "annotations": 0, "thinking_blocks": 0}

    def take(
        self,
        at: int,
        delta: Delta,
        thought: str,
        events: list[Event],
        *,
        is_last: bool = False,
        is_behind: bool = False,
    ) -> None:
        """The delta of the chunk's choice ``at`` with its ``thought``; the end is told too if it ``is_last``.

        ``is_behind``: the end was told before. Raises BrokenStream.
        """
        if thought:
            self.blocks.say("thinking", thought, events)
        if delta.thinking_blocks:
            for number, block in enumerate(delta.thinking_blocks):
                self._number("thinking_blocks", at, number, block)
        content = delta.content
        if content:
            if type(content) is str:
                self.blocks.say("text", content, events)
            else:
                self._parts(content, events)
        if delta.refusal:
            self.blocks.say("refusal", delta.refusal, events)
        if delta.annotations:
            self._annotations(at, delta.annotations, events)
        if delta.images:
            self._images(at, delta.images, events)
        if delta.audio:
            self._audio(delta.audio, events)
        if delta.tool_calls or delta.function_call:
            self._calls(at, delta, events)
        if is_last or is_behind:
            self.blocks.settle(events, is_last=is_last)
        if self.doubts or self.blocks.owed:
            self._settle(at, delta)

    def consulted(self, sources: Iterable[CitedSource]) -> None:
        """Pages that the whole answer rests on: told behind its text."""
        for source in sources:
            if source.url not in self._cited:
                self._sources.setdefault(source.url, source)

    def close(self, is_cut: bool, events: list[Event]) -> None:
        """The answer stops; raises BrokenStream for a call that is not whole."""
        self._cite(events)
        for source in self._sources.values():
            events.append(Extra(self._where, "annotation", source.raw))
        try:
            self.blocks.close(is_cut, events)
        except BrokenCall as broken:
            raise BrokenStream(garbage(str(broken))) from broken
        self.doubts.clear()  # they are the arguments

    def _parts(self, parts: list[Any] | str, events: list[Event]) -> None:
        """Content as a list: texts, and thinking that holds texts (Mistral), or a summary (Databricks)."""
        for part in parts:
            match part:
                case str(text) | {"type": "text" | "output_text", "text": str(text)}:
                    if text:
                        self.blocks.say("text", text, events)
                case {"type": "thinking" | "reasoning" | "reasoning_text"}:
                    nested = part.get("thinking") or part.get("summary")
                    if thought := reasoning_text(nested) or reasoning_text(part):
                        self.blocks.say("thinking", thought, events)
                case _ if picture := picture_in(part):
                    self.blocks.put("media", "", _json(picture), events)
                case _:
                    events.append(Extra(self._where, "content part", _json(part)))

    def _annotations(self, at: int, annotations: list[Any], events: list[Event]) -> None:
        for number, annotation in enumerate(annotations):
            self._number("annotations", at, number, annotation)
            source = source_in(annotation)
            if source is None:
                events.append(Extra(self._where, "annotation", _json(annotation)))
            elif source.url not in self._cited:
                self._sources[source.url] = source
        self._cite(events)

    def _cite(self, events: list[Event]) -> None:
        """Tell the sources, if the text that they stand behind is there."""
        index = self.blocks.open_text
        if index < 0:
            return
        for url, source in self._sources.items():
            self._cited.add(url)
            events.append(Citation(index, source.raw, url, source.title))
        self._sources.clear()

    def _images(self, at: int, images: list[Any], events: list[Event]) -> None:
        for number, entry in enumerate(images):
            self._number("images", at, number, entry)
            picture = picture_in(entry)
            if picture is None:
                events.append(Extra(self._where, "images", _json(entry)))
            else:
                self.blocks.put("media", "", _json(picture), events)

    def _audio(self, audio: dict[str, Any], events: list[Event]) -> None:
        """Sound is for clients of this form; what it says is text for all of them."""
        transcript = audio.get("transcript")
        if isinstance(transcript, str) and transcript:
            self.blocks.say("text", transcript, events)
        elif audio.get("data") and not self._has_sound:
            self._has_sound = True
            self.blocks.put("opaque", "audio", b"", events)
        events.append(Extra(self._where, "audio", _json(audio)))

    def _calls(self, at: int, delta: Delta, events: list[Event]) -> None:
        fragments = delta.tool_calls or ()
        try:
            for number, fragment in enumerate(fragments):
                place: Place = ("choices", at, "delta", "tool_calls", number)
                for name, value in put_right(fragment):
                    self._rewrites.put((*place, name), value)
                amended = self.blocks.call(fragment, len(fragments) - 1 - number, events)
                self._resume(amended)
                if amended:
                    self._amend(place, _FIELDS, fragment, amended)
            if delta.function_call is not None:
                self._is_older = True
                amended = self.blocks.function_call(delta.function_call, events)
                self._resume(amended)
                if amended:
                    fragment = CallFragment(0, None, delta.function_call)
                    self._amend(("choices", at, "delta", "function_call"), _OLDER_FIELDS, fragment, amended)
        except BrokenCall as broken:
            raise BrokenStream(garbage(str(broken))) from broken

    def _amend(
        self, place: Place, fields: dict[str, Place], fragment: CallFragment, amended: dict[str, Any]
    ) -> None:
        self._doubt((*place, *fields["arguments"]), fragment, amended)
        for name, value in amended.items():
            self._rewrites.put((*place, *fields[name]), value)

    def _doubt(self, place: Place, fragment: CallFragment, amended: dict[str, Any]) -> None:
        """An empty object that was kept back: clients may see it as it came, if no other one follows."""
        told = fragment.function.arguments if fragment.function is not None else None
        position = amended.get("index", fragment.index)
        if amended.get("arguments") != "" or not isinstance(told, str) or not isinstance(position, int):
            return
        if told == "{}" and position in self.doubts:
            return  # it is told again
        if not self.blocks.is_kept(position):
            return
        before = self.doubts.get(position, ())
        shown = (before[-1].shown if before else "") + bare(told)
        if shown != bare(self.blocks.arguments_at(position)):  # one that is left out stands in the same piece
            for placeholder in self.doubts.pop(position, ()):
                placeholder.is_dropped = True
            return
        del amended["arguments"]
        placeholder = Placeholder(place, shown)
        self.doubts.setdefault(position, []).append(placeholder)
        self.placeholders.append(placeholder)

    def _resume(self, amended: dict[str, Any]) -> None:
        """More came of calls: what clients were not shown is dropped, or it is the beginning of the same."""
        for position, has_dropped in self.blocks.resumed:
            shown = self.doubts.pop(position, [])
            for placeholder in shown:
                placeholder.is_dropped = has_dropped
            if shown and not has_dropped:
                amended.pop("arguments", None)
        self.blocks.resumed.clear()

    def _settle(self, at: int, delta: Delta) -> None:
        """The arguments that clients of this form have not seen, behind what the chunk tells itself."""
        owed = [one for one in self.blocks.owed if self.doubts.pop(one[0], None) is None]
        self.blocks.owed.clear()
        if owed:
            self._pay(at, delta, owed)

    def _pay(self, at: int, delta: Delta, owed: list[tuple[int, str]]) -> None:
        if self._is_older:
            older: Place = ("choices", at, "delta", "function_call")
            if delta.function_call is None:
                self._rewrites.put(older, {})
            self._rewrites.put((*older, "arguments"), "".join(kept for _, kept in owed))
            return
        place, number = ("choices", at, "delta", "tool_calls"), len(delta.tool_calls or ())
        if not number:
            self._rewrites.put(place, [])
        for behind, (position, kept) in enumerate(owed):
            told = {"index": position, "function": {"arguments": kept}}
            self._rewrites.put((*place, number + behind), told)

    def _number(self, name: str, at: int, number: int, entry: Any) -> None:
        """An entry of a list that grows has the ``index`` by which the SDK tells it from those before it."""
        expected = self._numbers[name]
        self._numbers[name] += 1
        if isinstance(entry, dict) and entry.get("index", number if expected == number else -1) != expected:
            self._rewrites.put(("choices", at, "delta", name, number, "index"), expected)
