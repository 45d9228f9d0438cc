"""What a delta says that is none of the three which make up nearly all of a stream. PURE."""

from relay.dialects.anthropic.upstream_answer.block_start import citation
from relay.dialects.anthropic.upstream_answer.upstream_blocks import UpstreamBlock
from relay.dialects.anthropic.upstream_answer.wire import WHERE, Delta
from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.half_characters import json_text
from relay.neutral.conversation import Json
from relay.neutral.events import Event, Extra, Signature


def rare_events(delta: Delta, block: UpstreamBlock, body: Json, family: str) -> list[Event]:
    """The events of the ``delta`` of ``body`` in ``block``, signed for ``family``; raises BrokenStream."""
    match delta.type, block.kind:
        case "signature_delta", "thinking" if delta.signature is not None:
            return [Signature(block.index, delta.signature, family)] if delta.signature else []
        case "citations_delta", "text" if delta.citation is not None:
            return [citation(block.index, delta.citation)]
        case "input_json_delta", _ if block.kind != "opaque":
            words = f"{delta.type} does not fit into the {block.kind} block {block.index}"
            raise BrokenStream(garbage(words))
        case _:
            return [Extra(WHERE, "content_block_delta", json_text(body.get("delta")))]
