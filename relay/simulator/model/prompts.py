"""From what a request asks to what the model answers, the same in every dialect.

A prompt may direct the answer: ``use the tool``, ``use the tool 3 times``, ``call NAME``, ``in
parallel``, ``twice in parallel``, ``search the web``, and ``[say: events=20, words=30, delay=0.01,
thinking=4, echo=3, redacted, silent]``.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from relay.simulator.model.asks import ANY_TOOL, REMINDER, Ask, AskedTurn
from relay.simulator.model.limits import apply_max_tokens, apply_stop_sequences
from relay.simulator.model.prose import Prose, tag_of, text_segments, thinking_segments, token_count
from relay.simulator.model.reply import Block, Call, Reply, ReplyStop, SaidText, SaidThinking
from relay.simulator.model.schemas import instance_of

SOURCE = "https://harbour.example/guide"
"""The page that every search of the web finds."""

_SAY = re.compile(r"\[say:([^\]]*)\]")
_TIMES = re.compile(r"(\d+) times")
_SAME_PLACE = re.compile(r"\bexactly where\b|\blast character\b", re.IGNORECASE)
_GO_ON = re.compile(r"\b(continue|go on|carry on|resume|left off|cut off|interrupted)\b", re.IGNORECASE)


@dataclass(slots=True)
class _Direction:
    shape: Prose
    echo: int = 0
    redacted: bool = False
    silent: bool = False


def compose(ask: Ask, default: Prose) -> Reply:
    """The answer to ``ask``; its text follows ``default`` unless the prompt directs otherwise."""
    prompt = ask.prompt()
    direction = _direction(_directing(ask), default)
    blocks: list[Block] = []
    if ask.thinks:
        thoughts = thinking_segments(prompt, direction.shape)
        blocks.append(SaidThinking(thoughts, ask.shows_thinking, direction.redacted))
    calls = _calls(ask)
    if calls:
        said = f"{tag_of(prompt)} I call {', '.join(call.name for call in calls)}. "
        blocks += calls if direction.silent else [SaidText([said]), *calls]
    else:
        asked = any(words in prompt.lower() for words in ("search the web", "web search"))
        searched = ask.searches and (ask.must_search or asked)
        blocks.append(SaidText(_said(ask, prompt, direction), SOURCE if searched else ""))
    reply = Reply(blocks, stop=ReplyStop.TOOL if calls else ReplyStop.END)
    apply_stop_sequences(reply, ask.stop_sequences)
    apply_max_tokens(reply, ask.max_tokens)
    count(reply)
    return reply


def shape_for(ask: Ask, default: Prose) -> Prose:
    """``default`` as far as the prompt's ``[say: …]`` does not change it."""
    return _direction(_directing(ask), default).shape


def _directing(ask: Ask) -> str:
    """The text that may direct the answer; one that goes on obeys what the broken one was asked for, too."""
    texts = ask.last_user_turn().texts
    _, before = _partial(ask)
    return " ".join((*texts, *before.last_user_turn().texts))


def count(reply: Reply) -> None:
    """Set the reply's token counts from its blocks."""
    thinking = [block for block in reply.blocks if isinstance(block, SaidThinking)]
    reply.thinking_tokens = sum(token_count("".join(block.segments)) for block in thinking)
    reply.output_tokens = token_count(reply.text()) + sum(
        token_count(call.name) + len(msgspec.json.encode(call.arguments)) // 4 for call in reply.calls()
    )


def _direction(text: str, default: Prose) -> _Direction:
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
            case "silent":
                direction.silent = True
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
    text = " ".join(text for text in ask.last_user_turn().texts if not text.startswith(REMINDER))
    lowered = text.lower()
    named = [name for name in ask.tools if re.search(rf"\bcall\b[^.\n]*(?<!\w){re.escape(name)}(?!\w)", text)]
    wanted = named or ([first] if "use the tool" in lowered else [])
    times = _TIMES.search(text)
    if not wanted or ask.tool_steps() >= (int(times[1]) if times else 1):
        return []
    if "twice in parallel" in lowered:
        return wanted * 2
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
        if partial == whole and _is_asked_for_the_rest(ask):
            return []
    segments = _prose(ask, direction.shape)
    return segments[ask.continues_at :] if ask.continues_at else segments


def _is_asked_for_the_rest(ask: Ask) -> bool:
    """Of a whole answer there is none; words like *continue* would get an answer of their own."""
    last = ask.turns[-1]
    return last.role == "model" or any(_SAME_PLACE.search(text) for text in last.texts)


def _prose(ask: Ask, shape: Prose) -> list[str]:
    turn = ask.turns[-1] if ask.turns else AskedTurn("user")
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
