"""Looking into the messages of an Anthropic body, whatever its shape.

PURE. Nothing here raises: what is of the wrong type is passed over, since a body for an upstream of the same
dialect travels as it came and is upstream's to judge.
"""

from typing import Any

from relay.neutral.conversation import Json, digest, turn_key

THINKING_TYPES = frozenset({"thinking", "redacted_thinking"})

_CLIENT_NOTE = "x-anthropic-billing-header:"


def blocks_of(content: object) -> list[Any]:
    """A message's content as blocks: a string is one text block."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content if isinstance(content, list) else []


def messages_of(body: Json) -> list[Json]:
    """The messages of a body that are objects."""
    messages = body.get("messages")
    return (
        [message for message in messages if isinstance(message, dict)] if isinstance(messages, list) else []
    )


def type_of(block: object) -> str:
    """A block's type; "" when it has none."""
    kind = block.get("type") if isinstance(block, dict) else None
    return kind if isinstance(kind, str) else ""


def text_of(content: object) -> str:
    """The joined text of a message's text blocks."""
    texts = (block.get("text") for block in blocks_of(content) if type_of(block) == "text")
    return "".join(text for text in texts if isinstance(text, str))


def calls_of(content: object) -> list[tuple[str, Json]]:
    """The name and arguments of each call of a client's tool."""
    calls = []
    for block in blocks_of(content):
        if type_of(block) == "tool_use":
            name, arguments = block.get("name"), block.get("input")
            calls.append(
                (name if isinstance(name, str) else "", arguments if isinstance(arguments, dict) else {})
            )
    return calls


def key_of_turn(message: Json) -> str:
    """What an assistant message is recognised by, in every dialect."""
    content = message.get("content")
    return turn_key(text_of(content), calls_of(content))


def digest_of_turn(message: Json) -> str:
    """A message's digest: the same for text as a string or as a block, wherever the cache markers are.

    Claude Code writes the newest message as blocks with a cache marker, and later as a string.
    """
    return digest([message.get("role"), blocks_of(message.get("content"))])


def is_client_note(block: object) -> bool:
    """Is this system block Claude Code's own billing line?

    It is no instruction, and it changes with every request: it would make each turn another session, and
    defeat the prompt cache of any upstream but Anthropic's.
    """
    text = block.get("text") if isinstance(block, dict) else None
    return isinstance(text, str) and text.startswith(_CLIENT_NOTE)
