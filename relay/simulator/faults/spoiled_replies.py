"""Faults in what the model says: the reply is changed before a dialect writes it.

``thinking_stall`` strikes in the stream, but needs a thought to be silent in.
"""

from collections.abc import Callable

from relay.simulator.faults.faults import Fault
from relay.simulator.model.asks import Ask
from relay.simulator.model.prompts import count
from relay.simulator.model.prose import Prose, thinking_segments
from relay.simulator.model.reply import Call, Reply, ReplyStop, SaidText, SaidThinking


def spoil_reply(fault: Fault, reply: Reply, ask: Ask, shape: Prose) -> Reply:
    """``reply`` as ``fault`` wants it; unchanged for faults of another stage."""
    spoil = _SPOILERS.get(fault.name)
    if spoil:
        spoil(fault, reply, ask, shape)
        count(reply)
    return reply


def _say_nothing(stop: ReplyStop) -> Callable[[Fault, Reply, Ask, Prose], None]:
    def spoil(fault: Fault, reply: Reply, ask: Ask, shape: Prose) -> None:
        reply.blocks, reply.stop, reply.stop_sequence = [], stop, None

    return spoil


def _only_thinking(stop: ReplyStop) -> Callable[[Fault, Reply, Ask, Prose], None]:
    def spoil(fault: Fault, reply: Reply, ask: Ask, shape: Prose) -> None:
        shown = stop is ReplyStop.END or ask.shows_thinking
        reply.blocks = [SaidThinking(thinking_segments(ask.prompt(), shape), shown)]
        reply.stop, reply.stop_sequence = stop, None

    return spoil


def _safety(fault: Fault, reply: Reply, ask: Ask, shape: Prose) -> None:
    kept = fault.at or 0
    reply.blocks = [block for block in reply.blocks if not isinstance(block, Call)]
    for block in reply.blocks:
        if isinstance(block, SaidText):
            block.segments = block.segments[:kept]
    reply.blocks = [block for block in reply.blocks if not isinstance(block, SaidText) or block.segments]
    reply.stop, reply.stop_sequence = ReplyStop.SAFETY, None


def _continuation(fault: Fault, reply: Reply, ask: Ask, shape: Prose) -> None:
    """Half of the text, and where the other half begins; an answer too short to halve stays whole."""
    texts = [block for block in reply.blocks if isinstance(block, SaidText)]
    half = len(texts[-1].segments) // 2 if texts else 0
    if not half or reply.stop is not ReplyStop.END:
        return
    texts[-1].segments = texts[-1].segments[:half]
    reply.continues_at = (ask.continues_at or 0) + half
    reply.stop = ReplyStop.CONTINUATION


def _big_event(fault: Fault, reply: Reply, ask: Ask, shape: Prose) -> None:
    size = int(fault.number(2_000_000))
    for block in reply.blocks:
        if isinstance(block, SaidText) and block.segments:
            line = "big 大きい "  # 14 bytes
            block.segments.insert(1, (line * (size // 14 + 1))[: size * len(line) // 14])
            return


def _thinking_first(fault: Fault, reply: Reply, ask: Ask, shape: Prose) -> None:
    if not any(isinstance(block, SaidThinking) for block in reply.blocks):
        reply.blocks.insert(0, SaidThinking(thinking_segments(ask.prompt(), shape), shown=True))


def _duplicate_ids(fault: Fault, reply: Reply, ask: Ask, shape: Prose) -> None:
    calls = reply.calls()
    if not calls:
        return
    if len(calls) == 1:
        reply.blocks.append(Call(calls[0].id, calls[0].name, dict(calls[0].arguments)))
    for call in reply.calls():
        call.id = calls[0].id


def needs_tool_call(fault: Fault) -> bool:
    """Whether ``fault`` makes the model call a tool when it has one, asked or not."""
    return fault.name in ("cut_in_tool", "duplicate_ids")


_SPOILERS: dict[str, Callable[[Fault, Reply, Ask, Prose], None]] = {
    "stop_empty": _say_nothing(ReplyStop.END),
    "thinking_only": _only_thinking(ReplyStop.END),
    "max_tokens_empty": _only_thinking(ReplyStop.MAX_TOKENS),
    "safety": _safety,
    "blocked_prompt": _say_nothing(ReplyStop.BLOCKED_PROMPT),
    "malformed_function_call": _say_nothing(ReplyStop.MALFORMED_CALL),
    "missing_thought_signature": _say_nothing(ReplyStop.MISSING_SIGNATURE),
    "continuation": _continuation,
    "thinking_stall": _thinking_first,
    "big_event": _big_event,
    "duplicate_ids": _duplicate_ids,
}
