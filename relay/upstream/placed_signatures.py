"""Which signature each place of a body gets on its way to one upstream.

PURE but for the memory it reads.
"""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.healing.signature_slots import PLACEHOLDER, Fate, Resolution, SignatureSlot
from relay.dialects.interface import Dialect
from relay.dialects.names.call_ids import told_id
from relay.engine.healing.signatures import SignatureCache, is_handle
from relay.neutral.conversation import Json


class Signatures:
    """Resolves each signature slot of one body (docs/behaviour.md 9)."""

    def __init__(
        self,
        session: str,
        cache: SignatureCache,
        facts: ModelFacts,
        is_same: bool,
        dialect: Dialect,
        now: float,
    ) -> None:
        self.session = session
        self.cache = cache
        self.facts = facts
        self.is_same = is_same
        self.dialect = dialect
        self.now = now
        self.has_thinking = False

    def resolve(self, slot: SignatureSlot) -> Resolution:
        """The signature that ``slot`` gets, or its fate without one."""
        if slot.kind in ("thinking", "redacted"):
            self.has_thinking = True
        value = slot.value
        if value and value != PLACEHOLDER and not is_handle(value):
            family = self.cache.family_of(value, self.now)
            is_readable = family == self.facts.family if family else self.is_same
            return Fate.KEEP if is_readable else self._without(slot)
        known = self._known(slot)
        if known:
            return known
        # Nobody but Google takes a thought of another dialect's history without a signature.
        is_unsigned = (
            slot.kind == "thinking" and not self.is_same and not self.dialect.keeps_unsigned_thinking
        )
        return self._without(slot) if is_handle(value) or is_unsigned else Fate.KEEP

    def _known(self, slot: SignatureSlot) -> str:
        entry = None
        if slot.kind == "tool_call":
            entry = self.cache.tool_signature(self.session, told_id(slot.call_id), self.now)
        if entry is None:
            entry = self.cache.session_signature(self.session, slot.turn, slot.kind, self.now)
        return entry.value if entry is not None and entry.family == self.facts.family else ""

    def _without(self, slot: SignatureSlot) -> Resolution:
        """No signature that this upstream could read: out before it is refused."""
        if (
            slot.kind == "tool_call"
            and self.facts.needs_signature_on_calls
            and self.dialect.keeps_unsigned_thinking
        ):
            return PLACEHOLDER
        # Gemini takes thought parts without a signature; of others' thinking only the text can travel.
        if is_handle(slot.value) and self.dialect.keeps_unsigned_thinking:
            return Fate.UNSIGNED
        return Fate.DEMOTE


def signatures_in(dialect: Dialect, body: Json) -> list[str]:
    """Every signature that ``body`` holds."""
    return [slot.value for slot in dialect.slots(body) if slot.value and slot.value != PLACEHOLDER]


def has_thinking(dialect: Dialect, body: Json) -> bool:
    """Does the history hold thinking?"""
    return any(slot.kind in ("thinking", "redacted") for slot in dialect.slots(body))
