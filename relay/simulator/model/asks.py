"""What is asked of the model, in no dialect's words: turns, tools, limits."""

from dataclasses import dataclass, field
from typing import Any, Literal

ANY_TOOL = "*"
REMINDER = "<system-reminder>"  # how clients mark what they add to a user's turn by themselves


@dataclass(frozen=True, slots=True)
class AskedMedia:
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
class AskedTurn:
    """One turn of the conversation, as far as the answer depends on it."""

    role: Literal["user", "model"]
    texts: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    media: tuple[AskedMedia, ...] = ()


@dataclass(slots=True)
class Ask:
    """What is asked of the model, read out of a request of any dialect.

    ``forced`` is a tool's name, ``ANY_TOOL`` or empty; ``json_schema`` an empty dict for any JSON;
    ``continues_at`` the text event at which a continued answer (Gemini's CONTINUATION) goes on;
    ``searches`` says that the vendor's own web search is offered, ``must_search`` that it is forced.
    """

    turns: list[AskedTurn]
    tools: dict[str, Any] = field(default_factory=dict)
    forced: str = ""
    parallel: bool = True
    json_schema: dict[str, Any] | None = None
    stop_sequences: tuple[str, ...] = ()
    max_tokens: int | None = None
    thinks: bool = False
    shows_thinking: bool = False
    continues_at: int | None = None
    searches: bool = False
    must_search: bool = False

    def _last_user_index(self) -> int:
        spoken = [i for i, turn in enumerate(self.turns) if turn.role == "user" and turn.texts]
        plain = [i for i in spoken if not self.turns[i].results]
        return (plain or spoken or [-1])[-1]

    def last_user_turn(self) -> AskedTurn:
        """The last user turn that says something, preferably one that is no tool result."""
        index = self._last_user_index()
        return self.turns[index] if index >= 0 else AskedTurn("user")

    def prompt(self) -> str:
        """Its text, without the reminders that clients add by themselves."""
        own = [text for text in self.last_user_turn().texts if not text.startswith(REMINDER)]
        return own[0] if own else ""

    def results(self) -> tuple[str, ...]:
        """The tool results that the last turn brings."""
        return self.turns[-1].results if self.turns and self.turns[-1].role == "user" else ()

    def tool_steps(self) -> int:
        """How many turns of tool results there were since the last plain user turn."""
        return sum(1 for turn in self.turns[self._last_user_index() + 1 :] if turn.results)
