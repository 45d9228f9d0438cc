"""The parts of a history that only one vendor understands, rewritten as text that any model reads.

PURE. Programs that ran and what they gave are told as a person would write them down; what upstream searched
for stands in the answer's own words anyway and is left out.
"""

import msgspec

from relay.dialects.reading.call_arguments import object_of
from relay.dialects.translation.notes import system_note
from relay.neutral.conversation import Json, Media, Text, ToolResult
from relay.neutral.server_tools import ServerResult

NO_RESULT = "(no result was given)"
"""What is said for a call that nobody answered: every vendor wants a result behind a call."""

STRAY_RESULT = "Result of a tool, whose call is not shown:"
"""Stands before a result whose call is not in the history, where its tool's name is not known."""

RAW_ARGUMENTS = "arguments_as_text"
"""Where a call's arguments stand that are no JSON object: cut ones, mostly."""

UNNAMED = "unnamed_tool"
"""The name of a call in the history whose own is empty: every vendor refuses that, on every turn."""

UNNAMED_NOTE = f"the empty name of a call (told as {UNNAMED})"


def is_unnamed(holder: object) -> bool:
    """Is it an object whose name is told, and is empty or null?"""
    return isinstance(holder, dict) and "name" in holder and holder["name"] in ("", None)


def name_in(holder: Json) -> str:
    """The name of a call; ``UNNAMED`` for an empty one, "" where none is told."""
    return UNNAMED if is_unnamed(holder) else str(holder.get("name") or "")


def program(language: str, code: object) -> str:
    """A program that a model ran, apart from the words around it; "" without one."""
    return f"\n```{language}\n{code}\n```\n" if isinstance(code, str) and code.strip() else ""


def outcome(result: ServerResult) -> str:
    """What a program gave; "" where it gave nothing."""
    said = "\n".join(text for text in (result.output.rstrip("\n"), result.error.rstrip("\n")) if text)
    return f"\n```\n{said}\n```\n" if said else ""


def run_note(tool: str, arguments: str, output: str) -> Text:
    """A run of a vendor's own tool, for a user's turn."""
    return Text(system_note(f"{tool} was run with {arguments or 'no arguments'}. It gave:\n{output}"))


def stray_result(name: str, parts: tuple[Text | Media, ...]) -> list[Text | Media]:
    """A result whose call is not in the history, as what the user shows."""
    return [Text(f"Result of {name or 'a tool'}, whose call is not shown:"), *parts]


def as_text(content: object) -> str:
    """A result's content as text: "" for none, JSON for what is no text."""
    if isinstance(content, str):
        return content
    return "" if content is None else msgspec.json.encode(content).decode()


def unanswered(call_id: str, name: str) -> ToolResult:
    """The result of a call that nobody answered."""
    return ToolResult(call_id, name, (Text(NO_RESULT),), is_error=True)


def unknown_part(kind: object) -> Text:
    """What stands for a part of the user's that only its own vendor knows."""
    return Text(f"(a {kind} part, which cannot be shown here)")


def made_media(media: Media) -> str:
    """What stands for media of the model's own, where no model takes them back."""
    return f"({media.media_type} that the model made; it is not shown here)"


def raw_arguments(text: str) -> Json:
    """Arguments that are no JSON object, as one."""
    return {RAW_ARGUMENTS: text}


def arguments_in(text: str) -> tuple[Json, bool]:
    """The arguments in ``text`` as an object, and whether they are one; none are an empty one."""
    found = object_of(text)
    return (raw_arguments(text), False) if found is None else (found, True)
