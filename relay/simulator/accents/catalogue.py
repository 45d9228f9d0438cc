"""Every accent by its name, and the one that a prompt asks for."""

import re
from collections.abc import Sequence

from relay.simulator.accents.accent import Accent, unchanged
from relay.simulator.accents.chat import CHAT
from relay.simulator.accents.google import GEMINI
from relay.simulator.accents.messages import MESSAGES
from relay.simulator.faults.faults import UnknownFaultError

_EVERY = ("anthropic", "vertex_claude", "gemini", "vertex", "code_assist", "chat", "responses")
_UNCHANGED = dict.fromkeys(_EVERY, unchanged)
_EMPTY_FRAMES = Accent(
    "empty_frames", "an empty `data:` frame behind every event", _UNCHANGED, has_empty_frames=True
)

PLAIN = Accent("", "the vendor's own form", _UNCHANGED)
"""No accent."""

ACCENTS: dict[str, Accent] = {one.name: one for one in (*CHAT, *GEMINI, *MESSAGES, _EMPTY_FRAMES)}
"""By name."""

_ASKED = re.compile(r"\[accent: ?([a-z_]{1,40})\]")


class UnknownAccentError(UnknownFaultError):
    """There is no such accent, or not in this dialect; the text says which there are."""


def accent_of(texts: Sequence[str], dialect: str) -> Accent:
    """The accent that the last of the user's ``texts`` asks for, for a path of ``dialect``; else ``PLAIN``.

    Raises UnknownAccentError.
    """
    asked = _ASKED.search(texts[-1]) if texts else None
    if asked is None:
        return PLAIN
    accent = ACCENTS.get(asked[1])
    if accent is None or dialect not in accent.changes:
        known = ", ".join(sorted(name for name, one in ACCENTS.items() if dialect in one.changes))
        raise UnknownAccentError(f"no accent {asked[1]!r} of {dialect}: there is {known}")
    return accent
