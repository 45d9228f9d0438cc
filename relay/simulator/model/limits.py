"""Cuts a reply where a stop sequence stands in it, and where its tokens run out."""

import msgspec

from relay.simulator.model.reply import Block, Call, Reply, ReplyStop, SaidText, SaidThinking


def apply_stop_sequences(reply: Reply, sequences: tuple[str, ...]) -> None:
    """End the text before the first stop sequence in it, and drop what comes after."""
    for block in reply.blocks:
        if not isinstance(block, SaidText):
            continue
        whole = "".join(block.segments)
        found = [(whole.find(sequence), sequence) for sequence in sequences if sequence in whole]
        if found:
            at, reply.stop_sequence = min(found)
            reply.stop = ReplyStop.STOP_SEQUENCE
            block.segments = _first(block.segments, at)
            reply.blocks = reply.blocks[: reply.blocks.index(block) + 1]
            return


def apply_max_tokens(reply: Reply, limit: int | None) -> None:
    """Cut the answer where its tokens run out; thinking takes at most half of them."""
    if limit is None:
        return
    if limit == 0:  # Anthropic: warm the cache and say nothing
        reply.blocks, reply.stop = [], ReplyStop.MAX_TOKENS
    left_bytes = limit * 4
    kept: list[Block] = []
    for block in reply.blocks:
        if isinstance(block, Call):
            needed = len(msgspec.json.encode(block.arguments)) + len(block.name)
            if needed > left_bytes:
                reply.stop = ReplyStop.MAX_TOKENS
                break
            left_bytes -= needed
        else:
            budget = left_bytes // 2 if isinstance(block, SaidThinking) else left_bytes
            whole = "".join(block.segments).encode()
            if len(whole) > budget:
                block.segments = _first(block.segments, len(whole[:budget].decode("utf-8", "ignore")))
                if isinstance(block, SaidText):
                    reply.stop, reply.stop_sequence = ReplyStop.MAX_TOKENS, None
                    kept.append(block)
                    break
            left_bytes -= len("".join(block.segments).encode())
        kept.append(block)
    reply.blocks = kept


def _first(segments: list[str], length: int) -> list[str]:
    """The segments up to ``length`` characters."""
    kept: list[str] = []
    for segment in segments:
        if length <= 0:
            break
        kept.append(segment[:length])
        length -= len(segment)
    return kept
