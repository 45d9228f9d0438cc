"""The text that the simulated model says: deterministic, numbered, and marked with its prompt.

Segment i is ``[i] 3fa9c1d2 word word … ``: the counter shows what was lost or doubled, the tag (a
digest of the prompt) shows when two streams were mixed, and the non-ASCII words put a character of
several bytes into every segment, so that a cut can fall inside one.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

_VOCABULARY = """
river harbour lantern naïve copper meadow 日本語 willow ember quartz señor thistle orchard Ωmega marble
heron cinder velvet 🙂 juniper cobalt façade saffron pebble
"""
_WORDS = _VOCABULARY.split()
_COUNTER = re.compile(r"\[(\d+)\] ([0-9a-f]{8}) ")
_STREAM_SHAPE = re.compile(r"-n(\d+)(?:-t(\d+))?(?:-d(\d+))?")


@dataclass(frozen=True, slots=True)
class Prose:
    """How much the model says, and how fast: text events, words in each, seconds between and before them."""

    events: int = 12
    words: int = 8
    delay_seconds: float = 0.0
    thinking_events: int = 3
    first_seconds: float = 0.0


def tag_of(prompt: str) -> str:
    """Eight hexadecimal digits that tell the answers to different prompts apart."""
    return hashlib.blake2b(prompt.encode("utf-8", "replace"), digest_size=4).hexdigest()


@lru_cache(maxsize=4096)
def _tail(index: int, words: int) -> str:
    return " ".join(_WORDS[(index * 7 + k) % len(_WORDS)] for k in range(max(1, words))) + " ñ "


def text_segments(prompt: str, shape: Prose) -> list[str]:
    """The text events of the answer to ``prompt``; joined they are the whole answer."""
    tag = tag_of(prompt)
    return [f"[{index}] {tag} {_tail(index, shape.words)}" for index in range(shape.events)]


def thinking_segments(prompt: str, shape: Prose) -> list[str]:
    """The thinking events before it; their counters stand in round brackets."""
    tag = tag_of(prompt)
    return [f"({index}) {tag} weighing {_tail(index + 3, 5)}" for index in range(shape.thinking_events)]


def answer_text(prompt: str, shape: Prose | None = None) -> str:
    """The whole text that the model answers to a plain ``prompt`` (what a test compares with)."""
    return "".join(text_segments(prompt, shape or Prose()))


def read_counters(text: str) -> list[tuple[int, str]]:
    """Each (counter, tag) in ``text``, in order: [0..n-1] with one tag is a whole, unmixed answer."""
    return [(int(counter), tag) for counter, tag in _COUNTER.findall(text)]


def shape_in_model_name(model: str, default: Prose) -> Prose:
    """The shape that a name such as ``bench-n50-t40-d5`` asks for (d in milliseconds), else ``default``."""
    found = _STREAM_SHAPE.search(model)
    if not found:
        return default
    events, words, delay = found.groups()
    return Prose(
        events=int(events),
        words=int(words) if words else default.words,
        delay_seconds=int(delay) / 1000 if delay else 0.0,
        thinking_events=default.thinking_events,
    )


def token_count(text: str) -> int:
    """The simulator's idea of tokens: a quarter of the UTF-8 bytes, rounded up."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return (size + 3) // 4
