"""The content blocks of one answer, as an Anthropic client reads them.

PURE. Indexes rise without gaps, each block opens and closes once, and one signature_delta stands right before
a thinking block closes. A text opens with its first word, for the API refuses an empty one that comes back;
it closes when something else begins, so that a note on a picture that has no place here stands in the same
block: some clients take the last text block for the whole answer.
"""

import msgspec

from relay.dialects.anthropic.server_tools import OWN_ID, call_block, has_block, result_block
from relay.dialects.anthropic.upstream_answer.block_start import kind_of
from relay.dialects.interface import EncoderOptions
from relay.dialects.json_object import json_object
from relay.dialects.translation.media_note import media_note
from relay.neutral.block import BlockKind
from relay.neutral.events import BlockStart, Citation

_DELTA_FIELDS: dict[BlockKind, tuple[str, str]] = {
    "text": ("text_delta", "text"),
    "refusal": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_call": ("input_json_delta", "partial_json"),
    "server_call": ("input_json_delta", "partial_json"),
}
_DELTA_END = b"}}\n\n"
_APART = "\n\n"


class _WireBlock(msgspec.Struct, gc=False):
    """A block that the client knows: its index there, and what stands before the text of its deltas."""

    index: int
    kind: BlockKind
    delta_start: bytes
    signature: str = ""


class BlockWriter:
    """Writes the blocks. ``count`` is how many the client knows; ``left_out`` names what it never saw."""

    def __init__(self, options: EncoderOptions, *, shows_thinking: bool) -> None:
        """Nothing was told yet."""
        self.count = 0
        self.left_out: list[str] = []
        self._options = options
        self._shows_thinking = shows_thinking
        # By the index of the neutral block; None where the client never heard of it.
        self._blocks: list[_WireBlock | None] = []
        self._silent: dict[int, BlockKind] = {}  # texts that began and said nothing yet
        self._text: _WireBlock | None = None  # a text that is whole, and not closed
        self._has_note = False  # and that ends with a note
        self._runs: dict[str, int] = {}  # of its tools, by upstream's id: the number of the latest
        self._run_count = 0

    @property
    def known(self) -> int:
        """How many of the answer's blocks were seen here."""
        return len(self._blocks)

    def forwarded(self, kinds: list[BlockKind]) -> None:
        """The answer's blocks so far: those that are new here went out in upstream's own bytes."""
        for kind in kinds[len(self._blocks) :]:
            self._blocks.append(self._new_block(kind))

    def open(self, start: BlockStart, out: list[bytes]) -> None:
        """A block begins."""
        content: object
        match start.kind:
            case "text" | "refusal":
                self._silent[start.index] = start.kind
                self._blocks.append(None)
                return
            case "thinking" | "redacted" if not self._shows_thinking:
                self._blocks.append(None)
                return
            case "thinking":
                content = {"type": "thinking", "thinking": "", "signature": ""}
            case "redacted":
                content = {"type": "redacted_thinking", **(json_object(start.payload) or {})}
            case "tool_call":
                content = {"type": "tool_use", "id": start.id, "name": start.name, "input": {}}
            case "server_call" | "server_result" if _is_own(start):
                content = msgspec.Raw(start.payload)
            case "server_call" if has_block(start.name):
                content = call_block(self._run_id(start), start.name)
            case "server_result" if has_block(start.name) and start.result is not None:
                content = result_block(self._run_id(start), start.name, start.result)
            case "media":
                self._note(media_note(start.payload), out)
                self._blocks.append(None)
                return
            case _:
                self._blocks.append(None)
                return
        self.end_text(out)
        block = self._new_block(start.kind)
        self._blocks.append(block)
        self._start(block, content, out)

    def delta(self, index: int, text: str, out: list[bytes]) -> None:
        """More of a block; nothing where the client never heard of it."""
        block = self._blocks[index] or self._spoken(index, out)
        if block is not None:
            out += (block.delta_start, msgspec.json.encode(text), _DELTA_END)

    def sign(self, index: int, signature: str) -> None:
        """The signature of a block, for its end."""
        block = self._blocks[index]
        if block is not None:
            block.signature = signature

    def close(self, index: int, out: list[bytes]) -> None:
        """A block is whole."""
        block = self._blocks[index]
        if block is None:
            self._silent.pop(index, None)
        elif block.kind in ("text", "refusal"):
            self._text, self._has_note = block, False
        else:
            if block.kind == "thinking":
                signature = block.signature or self._options.handle(index)
                self._own_delta(block, {"type": "signature_delta", "signature": signature}, out)
            self._stop(block, out)

    def end_text(self, out: list[bytes]) -> None:
        """Close the text that waits for it."""
        block, self._text = self._text, None
        if block is not None:
            self._stop(block, out)

    def cite(self, cited: Citation, out: list[bytes]) -> None:
        """A source of a text, if it has a place here: an address, or a location of Anthropic's own."""
        own = json_object(cited.raw) or {}
        if not (cited.url or _is_location(own)):
            return
        block = self._blocks[cited.index] or self._spoken(cited.index, out)
        if block is None:
            return
        # The index is an empty string: what upstream encrypted there only Anthropic itself can know.
        location = {
            "type": "web_search_result_location",
            "url": cited.url,
            "title": cited.title or None,
            "encrypted_index": "",
            "cited_text": cited.cited_text,
        }
        citation = own if _is_location(own) else location
        self._own_delta(block, {"type": "citations_delta", "citation": citation}, out)

    def extra_delta(self, raw: bytes, out: list[bytes]) -> None:
        """A delta that only Anthropic knows, at the latest block."""
        last = len(self._blocks) - 1
        block = (self._blocks[last] or self._spoken(last, out)) if self._blocks else None
        if block is not None:
            self._own_delta(block, msgspec.Raw(raw), out)

    def _spoken(self, index: int, out: list[bytes]) -> _WireBlock | None:
        """A text that waited for its first word opens; None for a block that the client never hears of."""
        kind = self._silent.pop(index, None)
        if kind is None:
            return None
        block, self._text = (self._text, None) if self._has_note else (None, self._text)
        if block is not None:
            self._put(block, _APART, out)
        else:
            self.end_text(out)
            block = self._new_block(kind)
            self._start(block, {"type": "text", "text": ""}, out)
        self._blocks[index] = block
        return block

    def _note(self, words: str, out: list[bytes]) -> None:
        """Say what was left out, behind the text that waits or as a text of its own."""
        self.left_out.append(words)
        block = self._text
        if block is None:
            block = self._text = self._new_block("text")
            self._start(block, {"type": "text", "text": ""}, out)
        else:
            self._put(block, _APART, out)
        self._put(block, f"[{words}]", out)
        self._has_note = True

    def _run_id(self, start: BlockStart) -> str:
        """The client's id for another vendor's run; a result that names none is the latest call's."""
        if start.kind == "server_call":
            self._runs[start.id] = self._run_count
            self._run_count += 1
        number = self._runs.get(start.id, self._run_count - 1)
        return f"{OWN_ID}{self._options.message_id}_{number}"

    def _new_block(self, kind: BlockKind) -> _WireBlock:
        index = self.count
        self.count += 1
        what, field = _DELTA_FIELDS.get(kind, ("", ""))
        delta_start = (
            'event: content_block_delta\ndata: {"type":"content_block_delta",'
            f'"index":{index},"delta":{{"type":"{what}","{field}":'
        )
        return _WireBlock(index, kind, delta_start.encode())

    def _start(self, block: _WireBlock, content: object, out: list[bytes]) -> None:
        body = {"type": "content_block_start", "index": block.index, "content_block": content}
        out.append(sse_event("content_block_start", body))

    def _stop(self, block: _WireBlock, out: list[bytes]) -> None:
        out.append(sse_event("content_block_stop", {"type": "content_block_stop", "index": block.index}))

    def _put(self, block: _WireBlock, text: str, out: list[bytes]) -> None:
        out += (block.delta_start, msgspec.json.encode(text), _DELTA_END)

    def _own_delta(self, block: _WireBlock, delta: object, out: list[bytes]) -> None:
        body = {"type": "content_block_delta", "index": block.index, "delta": delta}
        out.append(sse_event("content_block_delta", body))


def sse_event(name: str, body: object) -> bytes:
    """One event of the wire."""
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(body) + b"\n\n"


def _is_own(start: BlockStart) -> bool:
    """Is the block's payload an Anthropic content block, and not another dialect's object?"""
    block_type = (json_object(start.payload) or {}).get("type")
    return isinstance(block_type, str) and kind_of(block_type) == start.kind


def _is_location(citation: dict[str, object]) -> bool:
    """Is this Anthropic's own citation? All five of its types end like that."""
    return str(citation.get("type", "")).endswith("_location")
