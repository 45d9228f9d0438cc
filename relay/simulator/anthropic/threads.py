"""Message threads (beta): conversations that the API holds, so that a client sends only what is new.

Each answer of a threaded request can be continued once, by the account that got it. Errors and their
``error_code`` are as the SDKs' types document them (August 2026).
"""

from dataclasses import dataclass
from typing import Any

from relay.simulator.dialect import Json
from relay.simulator.faults.refused import OrderedRefusal

_CREATE_ONLY = ("system", "tools")


@dataclass(slots=True)
class _Held:
    created_with: Json
    messages: list[Any]
    is_continued: bool = False


class Threads:
    """What is held, by account and the answer's id."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], _Held] = {}

    def whole(self, body: Json, account: str) -> Json:
        """``body`` with the conversation that its thread holds before its own messages. Raises Refused."""
        thread = body.get("thread")
        if not isinstance(thread, dict) or thread.get("type") != "continue":
            return body
        held = self._held.get((account, str(thread.get("previous_message_id"))))
        if held is None:
            raise OrderedRefusal(404, "thread: no usable state was found", code="thread_not_found")
        if held.is_continued:
            raise OrderedRefusal(
                400, "thread: it has already been continued", code="thread_already_continued"
            )
        if any(name in body for name in _CREATE_ONLY):
            raise OrderedRefusal(400, "thread: differing field", code="thread_fingerprint_mismatch")
        held.is_continued = True
        return body | held.created_with | {"messages": [*held.messages, *(body.get("messages") or [])]}

    def hold(self, body: Json, account: str, message_id: str, content: list[Json]) -> None:
        """Keep a threaded conversation with its answer; ``body`` is the whole one."""
        if isinstance(body.get("thread"), dict):
            created_with = {name: body[name] for name in _CREATE_ONLY if name in body}
            messages = [*body["messages"], {"role": "assistant", "content": content}]
            self._held[account, message_id] = _Held(created_with, messages)
