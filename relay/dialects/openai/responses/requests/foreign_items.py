"""Items of tools that OpenAI runs itself, or has its own clients run, for a model that has none of them.

PURE. A program is told as it stands; a run whose result is in the history becomes a note in the user's turn,
where no model takes it for its own way to speak; so does a search for tools, with the names of what it found
(named_tools offers the tools themselves). The rest is left out.
"""

import msgspec

from relay.dialects.openai.requests.turn_reader import TurnReader
from relay.dialects.openai.responses.requests.named_tools import found_names
from relay.dialects.translation.foreign_history import outcome, program, run_note
from relay.neutral.conversation import Json, Text, Turn
from relay.neutral.server_tools import ServerResult

MAX_NOTE = 50_000
"""Characters of a run's result that are told; pictures of a screen are none."""

_OUTPUT = "_call_output"
_SEARCH, _FOUND = "tool_search_call", "tool_search_output"
_SAYS_NOTHING = frozenset(
    {"type", "id", "call_id", "status", "environment", "max_output_length", "created_by", "execution"}
)


class ForeignItems:
    """Reads such items. ``dropped`` gets their names, once each."""

    def __init__(self, turns: TurnReader, dropped: list[str]) -> None:
        """None read yet."""
        self._turns = turns
        self._dropped = dropped
        self._runs: dict[str, Json] = {}  # by call id
        self._search: Json = {}  # the latest for tools: OpenAI's own have no call id

    def take(self, item: Json, kind: str) -> None:
        """One item."""
        run = self._runs.get(_call_id(item)) if kind.endswith(_OUTPUT) else None
        if kind == _FOUND:
            self._tell_search(item)
        elif kind == "code_interpreter_call":
            self._turns.say(_program(item))
        elif run is not None:
            note = run_note(kind.removesuffix(_OUTPUT), _words(run), _words(item))
            self._turns.add(Turn("user", (note,)))
        elif kind.endswith("_call"):
            self._runs[_call_id(item)] = item
            self._search = item if kind == _SEARCH else self._search
        is_told = kind in ("code_interpreter_call", _FOUND) or run is not None
        self._dropped.append(f"{kind} items" + (" (told as text)" if is_told else ""))

    def _tell_search(self, item: Json) -> None:
        search = self._runs.get(_call_id(item), self._search)
        names = ", ".join(found_names(item)) or "no tool"
        note = run_note("tool_search", _words(search) if search else "", _short(names))
        self._turns.add(Turn("user", (note,)))


def _call_id(item: Json) -> str:
    """Of a run and its result; the oldest of these tools have no other than the item's own."""
    told = item.get("call_id") or item.get("id")
    return told if isinstance(told, str) else ""


def _program(item: Json) -> list[Text]:
    outputs = item.get("outputs")
    logs = [one.get("logs") for one in outputs if isinstance(one, dict)] if isinstance(outputs, list) else []
    said = ServerResult(output="\n".join(log for log in logs if isinstance(log, str)))
    return [Text(text) for text in (program("python", item.get("code")), outcome(said)) if text]


def _words(item: Json) -> str:
    """What an item says besides what every item says: its one text, or JSON."""
    told = [(key, value) for key, value in item.items() if key not in _SAYS_NOTHING and value is not None]
    only = told[0][1] if len(told) == 1 else dict(told)
    text = only if isinstance(only, str) else msgspec.json.encode(only).decode()
    if "screenshot" in text[:200]:
        return "a picture of the screen"
    return _short(text)


def _short(text: str) -> str:
    return text if len(text) <= MAX_NOTE else f"{text[:MAX_NOTE]}…"
