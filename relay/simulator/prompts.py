"""From what a request asks to what the model answers, the same in every dialect.

A prompt may direct the answer: ``use the tool``, ``use the tool 3 times``, ``call NAME``, ``in
parallel``, and ``[say: events=20, words=30, delay=0.01, thinking=4, echo=3, redacted]``.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from relay.simulator.prose import Shape, tag_of, text_segments, thinking_segments, token_count
from relay.simulator.reply import Block, Call, Reply, Stop, Text, Thinking
from relay.simulator.schemas import instance_of

_SAY = re.compile(r"\[say:([^\]]*)\]")
_TIMES = re.compile(r"(\d+) times")
_GO_ON = re.compile(r"\b(continue|go on|carry on|resume|left off|cut off|interrupted)\b", re.IGNORECASE)
_REMINDER = "<system-reminder>"
ANY_TOOL = "*"


@dataclass(frozen=True, slots=True)
class Media:
    """An image, document or sound in the prompt; the answer names its size and digest, or its address."""

    mime: str
    size_bytes: int = 0
    sha256: str = ""
    url: str = ""

    def seen(self) -> str:
        """What the model says of it."""
        if self.url:
            return f"I see {self.mime} at {self.url}. "
        return f"I see {self.mime} of {self.size_bytes} bytes, sha256 {self.sha256[:16]}. "


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the conversation, as far as the answer depends on it."""

    role: Literal["user", "model"]
    texts: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    media: tuple[Media, ...] = ()


@dataclass(slots=True)
class Ask:
    """What is asked of the model, read out of a request of any dialect.

    ``forced`` is a tool's name, ``ANY_TOOL`` or empty; ``json_schema`` an empty dict for any JSON;
    ``continues_at`` the text event at which a continued answer (Gemini's CONTINUATION) goes on.
    """

    turns: list[Turn]
    tools: dict[str, Any] = field(default_factory=dict)
    forced: str = ""
    parallel: bool = True
    json_schema: dict[str, Any] | None = None
    stop_sequences: tuple[str, ...] = ()
    max_tokens: int | None = None
    thinks: bool = False
    shows_thinking: bool = False
    continues_at: int | None = None

    def _last_user_index(self) -> int:
        spoken = [i for i, turn in enumerate(self.turns) if turn.role == "user" and turn.texts]
        plain = [i for i in spoken if not self.turns[i].results]
        return (plain or spoken or [-1])[-1]

    def last_user_turn(self) -> Turn:
        """The last user turn that says something, preferably one that is no tool result."""
        index = self._last_user_index()
        return self.turns[index] if index >= 0 else Turn("user")

    def prompt(self) -> str:
        """Its text, without the reminders that clients add by themselves."""
        own = [text for text in self.last_user_turn().texts if not text.startswith(_REMINDER)]
        return own[0] if own else ""

    def results(self) -> tuple[str, ...]:
        """The tool results that the last turn brings."""
        return self.turns[-1].results if self.turns and self.turns[-1].role == "user" else ()

    def tool_steps(self) -> int:
        """How many turns of tool results there were since the last plain user turn."""
        return sum(1 for turn in self.turns[self._last_user_index() + 1 :] if turn.results)


@dataclass(slots=True)
class _Direction:
    shape: Shape
    echo: int = 0
    redacted: bool = False


def compose(ask: Ask, default: Shape) -> Reply:
    """The answer to ``ask``; its text follows ``default`` unless the prompt directs otherwise."""
    prompt = ask.prompt()
    direction = _direction(" ".join(ask.last_user_turn().texts), default)
    blocks: list[Block] = []
    if ask.thinks:
        thoughts = thinking_segments(prompt, direction.shape)
        blocks.append(Thinking(thoughts, ask.shows_thinking, direction.redacted))
    calls = _calls(ask)
    if calls:
        blocks += [Text([f"{tag_of(prompt)} I call {', '.join(call.name for call in calls)}. "]), *calls]
    else:
        blocks.append(Text(_said(ask, prompt, direction)))
    reply = Reply(blocks, stop=Stop.TOOL if calls else Stop.END)
    _apply_stop_sequences(reply, ask.stop_sequences)
    _apply_max_tokens(reply, ask.max_tokens)
    count(reply)
    return reply


def shape_for(ask: Ask, default: Shape) -> Shape:
    """``default`` as far as the prompt's ``[say: …]`` does not change it."""
    return _direction(" ".join(ask.last_user_turn().texts), default).shape


def count(reply: Reply) -> None:
    """Set the reply's token counts from its blocks."""
    thinking = [block for block in reply.blocks if isinstance(block, Thinking)]
    reply.thinking_tokens = sum(token_count("".join(block.segments)) for block in thinking)
    reply.output_tokens = token_count(reply.text()) + sum(
        token_count(call.name) + len(msgspec.json.encode(call.arguments)) // 4 for call in reply.calls()
    )


def _direction(text: str, default: Shape) -> _Direction:
    direction = _Direction(default)
    found = _SAY.search(text)
    for entry in found[1].split(",") if found else ():
        name, _, value = (part.strip() for part in entry.partition("="))
        match name:
            case "events" | "words":
                direction.shape = replace(direction.shape, **{name: int(value)})
            case "thinking":
                direction.shape = replace(direction.shape, thinking_events=int(value))
            case "delay":
                direction.shape = replace(direction.shape, delay_seconds=float(value))
            case "echo":
                direction.echo = int(value)
            case "redacted":
                direction.redacted = True
    return direction


def _calls(ask: Ask) -> list[Call]:
    """The tool calls that the answer makes, none when text is asked for."""
    names = _called_names(ask)
    if not ask.parallel:
        names = names[:1]
    step = sum(len(turn.results) for turn in ask.turns)
    seed = tag_of(ask.prompt())
    return [
        Call(f"{seed}{step}{position}", name, _arguments(ask.tools[name], name))
        for position, name in enumerate(names)
    ]


def _called_names(ask: Ask) -> list[str]:
    if not ask.tools:
        return []
    first = next(iter(ask.tools))
    if ask.forced:
        return [first if ask.forced == ANY_TOOL else ask.forced]
    text = " ".join(text for text in ask.last_user_turn().texts if not text.startswith(_REMINDER))
    lowered = text.lower()
    named = [name for name in ask.tools if re.search(rf"\bcall\b[^.\n]*(?<!\w){re.escape(name)}(?!\w)", text)]
    wanted = named or ([first] if "use the tool" in lowered else [])
    times = _TIMES.search(text)
    if not wanted or ask.tool_steps() >= (int(times[1]) if times else 1):
        return []
    if "in parallel" in lowered and len(wanted) == 1:
        return (wanted + [name for name in ask.tools if name not in wanted] + wanted)[:2]
    return wanted


def _arguments(schema: Any, name: str) -> dict[str, Any]:
    found = instance_of(schema, name)
    return found if isinstance(found, dict) else {}


def _said(ask: Ask, prompt: str, direction: _Direction) -> list[str]:
    """The segments of the answer's text."""
    if ask.json_schema is not None:
        return _json_segments(ask.json_schema, prompt)
    partial, before = _partial(ask)
    if partial:
        whole = "".join(_prose(before, direction.shape))
        if whole.startswith(partial) and partial != whole:
            echoed = "".join(re.findall(r"\S+\s*", partial)[-direction.echo :]) if direction.echo else ""
            return _sliced(echoed + whole[len(partial) :])
    segments = _prose(ask, direction.shape)
    return segments[ask.continues_at :] if ask.continues_at else segments


def _prose(ask: Ask, shape: Shape) -> list[str]:
    turn = ask.turns[-1] if ask.turns else Turn("user")
    opening = [item.seen() for item in turn.media]
    if turn.results:
        opening.append("The tool said: " + " | ".join(result[:200] for result in turn.results) + ". ")
    return opening + text_segments(ask.prompt(), shape)


def _json_segments(schema: dict[str, Any], prompt: str) -> list[str]:
    value = instance_of(schema, "answer") if schema else {"answer": tag_of(prompt), "counter": [0, 1, 2]}
    return _sliced(msgspec.json.encode(value).decode())


def _sliced(text: str, width: int = 24) -> list[str]:
    return [text[start : start + width] for start in range(0, len(text), width)]


def _partial(ask: Ask) -> tuple[str, Ask]:
    """The unfinished answer to go on from, and the conversation that it was the answer to.

    It comes as a trailing model turn (prefill), or as a model turn and a user turn that asks to go on.
    """
    turns = ask.turns
    if turns and turns[-1].role == "model":
        return "".join(turns[-1].texts), replace(ask, turns=turns[:-1])
    if len(turns) > 1 and turns[-2].role == "model" and any(_GO_ON.search(text) for text in turns[-1].texts):
        return "".join(turns[-2].texts), replace(ask, turns=turns[:-2])
    return "", ask


def _apply_stop_sequences(reply: Reply, sequences: tuple[str, ...]) -> None:
    for block in reply.blocks:
        if not isinstance(block, Text):
            continue
        whole = "".join(block.segments)
        found = [(whole.find(sequence), sequence) for sequence in sequences if sequence in whole]
        if found:
            at, reply.stop_sequence = min(found)
            reply.stop = Stop.STOP_SEQUENCE
            block.segments = _first(block.segments, at)
            reply.blocks = reply.blocks[: reply.blocks.index(block) + 1]
            return


def _apply_max_tokens(reply: Reply, limit: int | None) -> None:
    """Cut the answer where its tokens run out; thinking takes at most half of them."""
    if limit is None:
        return
    if limit == 0:  # Anthropic: warm the cache and say nothing
        reply.blocks, reply.stop = [], Stop.MAX_TOKENS
    left_bytes = limit * 4
    kept: list[Block] = []
    for block in reply.blocks:
        if isinstance(block, Call):
            needed = len(msgspec.json.encode(block.arguments)) + len(block.name)
            if needed > left_bytes:
                reply.stop = Stop.MAX_TOKENS
                break
            left_bytes -= needed
        else:
            budget = left_bytes // 2 if isinstance(block, Thinking) else left_bytes
            whole = "".join(block.segments).encode()
            if len(whole) > budget:
                block.segments = _first(block.segments, len(whole[:budget].decode("utf-8", "ignore")))
                if isinstance(block, Text):
                    reply.stop, reply.stop_sequence = Stop.MAX_TOKENS, None
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
