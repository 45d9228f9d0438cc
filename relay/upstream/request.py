"""From what the client asked to what one upstream is asked: dialect, model, signatures, repairs.

PURE but for the memory it reads. To an upstream of the same dialect and model the client's own bytes
travel, unless a signature has to go or a repair has to be done again.
"""

from collections.abc import Mapping
from functools import cached_property

import msgspec

from accounts.facts.known_models import facts_for
from accounts.facts.model_facts import ModelFacts
from accounts.snapshot import AccountView
from relay.dialects.interface import Dialect, GoingOn
from relay.dialects.names.aliases import NONE as NO_ALIASES
from relay.dialects.names.aliases import Aliases, aliased
from relay.dialects.names.call_ids import told_id
from relay.dialects.paired_calls import paired
from relay.dialects.registry import dialect_for
from relay.dialects.signature_slots import Fate, Healed, Resolution, SignatureSlot
from relay.engine.healed import HealedSession
from relay.engine.signatures import SignatureCache, is_handle
from relay.neutral.conversation import Conversation, Json

CALL_PLACEHOLDER = "skip_thought_signature_validator"
"""What Gemini's documentation lets stand where a function call's signature is lost."""

_PASSED_HEADERS = ("anthropic-version", "anthropic-beta", "openai-beta")
_KEPT_BACK_HEADERS = frozenset({"x-goog-api-key", "x-goog-user-project", "x-goog-iam-authorization-token"})


class ClientCall(msgspec.Struct, frozen=True, dict=True):
    """The client's request, parsed once. ``raw`` is its body's bytes, ``headers`` have lower-case names.

    ``is_threaded``: upstream is to hold the conversation, so that its answer's id leads back to the session.
    ``answers_tools``: behind the model's last turn stand results of tools.
    """

    dialect: Dialect
    body: Json
    raw: bytes
    headers: Mapping[str, str]
    model: str
    is_stream: bool
    session: str
    is_threaded: bool = False
    answers_tools: bool = False

    @cached_property
    def conversation(self) -> Conversation:
        """The body in neutral form; raises BadRequest, CannotCarry."""
        return self.dialect.read(self.body)


class UpstreamRequest(msgspec.Struct, frozen=True):
    """What goes to one upstream. ``content`` is the body's bytes, before Code Assist's envelope.

    ``changes`` say what the server changed on the way up. ``is_same_dialect``: the answer's bytes pass
    through. ``has_thinking`` says that the history holds thinking, ``aliases`` how upstream calls the tools.
    """

    dialect: Dialect
    is_same_dialect: bool
    model: str
    facts: ModelFacts
    body: Json
    content: bytes
    headers: dict[str, str]
    changes: tuple[str, ...]
    thinks_unseen: bool
    has_thinking: bool
    aliases: Aliases = NO_ALIASES

    def fits(self, account: AccountView, model: str, call: "ClientCall") -> bool:
        """Would the same request be made for ``account``: the same model, in the same dialect?"""
        facts = facts_for(model, account.kind)
        return self.model == model and self.dialect is dialect_for(account.kind, call.dialect, facts)


def prepare(
    call: ClientCall,
    account: AccountView,
    model: str,
    cache: SignatureCache,
    healed: HealedSession | None,
    now: float,
) -> UpstreamRequest:
    """The request for ``model`` on ``account``; raises BadRequest or CannotCarry. ``now``: epoch seconds."""
    facts = facts_for(model, account.kind)
    dialect = dialect_for(account.kind, call.dialect, facts)
    is_same = dialect is call.dialect
    changes: list[str] = []
    aliases = NO_ALIASES
    if not is_same:
        changes += [f"not carried: {what}" for what in call.conversation.dropped]
        conversation, aliases = aliased(
            paired(call.conversation, changes), dialect.tool_names, dialect.property_names, changes
        )
        body = dialect.as_stream(dialect.write(conversation, model, facts, changes))
    else:
        body = dialect.mend(call.body, changes)
        if model != call.model:
            body = dialect.fit(body, model, facts, changes)
        body = dialect.as_stream(body)  # the very same where it asks for a stream, with usage, already
    found = _Signatures(call.session, cache, facts, is_same, dialect, now)
    restored = dialect.restore_signatures(body, found.resolve)
    if restored is not body:
        changes.append("thinking signatures put right")
    again, headers = _heal_again(dialect, restored, healed)
    if again is not restored:
        changes.append("earlier signature repair done again")
    return UpstreamRequest(
        dialect=dialect,
        is_same_dialect=is_same,
        model=model,
        facts=facts,
        body=again,
        content=call.raw if again is call.body else msgspec.json.encode(again),
        headers=_with_headers(_feature_headers(call, dialect), headers),
        changes=tuple(changes),
        thinks_unseen=dialect.thinks_unseen(again, facts),
        has_thinking=found.has_thinking,
        aliases=aliases,
    )


def has_bound_thinking(call: ClientCall, model: str) -> bool:
    """Does the history hold thinking that another account for ``model`` would drop in silence?"""
    if not facts_for(model).account_bound_thinking:
        return False
    found: list[SignatureSlot] = []

    def look(slot: SignatureSlot) -> Resolution:
        if slot.kind in ("thinking", "redacted"):
            found.append(slot)
        return Fate.KEEP

    call.dialect.restore_signatures(call.body, look)
    return bool(found)


def repaired(request: UpstreamRequest, healed: Healed) -> UpstreamRequest:
    """The same request with the healed body."""
    return msgspec.structs.replace(
        request,
        body=healed.body,
        content=msgspec.json.encode(healed.body),
        headers=_with_headers(request.headers, healed.headers),
        changes=(*request.changes, *healed.changes),
    )


def continued(request: UpstreamRequest, token: str) -> UpstreamRequest:
    """The same Gemini request, asking for the next leg of a long answer.

    The token stands at the top of the body: there google-genai 3.4.0 puts it, whatever else is written.
    """
    body = {**request.body, "continuationToken": token}
    return msgspec.structs.replace(request, body=body, content=msgspec.json.encode(body))


def going_on(request: UpstreamRequest, going: GoingOn) -> UpstreamRequest:
    """The same request, asking for the rest of an answer that broke off."""
    return msgspec.structs.replace(
        request,
        body=going.body,
        content=msgspec.json.encode(going.body),
        changes=(*request.changes, *going.changes),
        thinks_unseen=request.dialect.thinks_unseen(going.body, request.facts),
    )


def signatures_in(request: UpstreamRequest) -> list[str]:
    """Every signature that the request holds."""
    held: list[str] = []

    def look(slot: SignatureSlot) -> Resolution:
        if slot.value and slot.value != CALL_PLACEHOLDER:
            held.append(slot.value)
        return Fate.KEEP

    request.dialect.restore_signatures(request.body, look)
    return held


class _Signatures:
    """Resolves each signature slot of one body (behaviour 9)."""

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
        if slot.kind in ("thinking", "redacted"):
            self.has_thinking = True
        value = slot.value
        if value and value != CALL_PLACEHOLDER and not is_handle(value):
            family = self.cache.family_of(value, self.now)
            is_readable = family == self.facts.family if family else self.is_same
            return Fate.KEEP if is_readable else self._without(slot)
        known = self._known(slot)
        if known:
            return known
        return self._without(slot) if is_handle(value) else Fate.KEEP

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
            return CALL_PLACEHOLDER
        # Gemini takes thought parts without a signature; of others' thinking only the text can travel.
        if is_handle(slot.value) and self.dialect.keeps_unsigned_thinking:
            return Fate.UNSIGNED
        return Fate.DEMOTE


def _heal_again(
    dialect: Dialect, body: Json, healed: HealedSession | None
) -> tuple[Json, tuple[tuple[str, str], ...]]:
    if healed is None:
        return body, ()
    if healed.blocks or healed.prompt_turns:
        body = dialect.heal_again(body, frozenset(healed.blocks), frozenset(healed.prompt_turns))
    if healed.drops_blocks:
        asking = dialect.drop_blocks(body)
        if asking is not None:
            return asking.body, asking.headers
    return body, ()


def _feature_headers(call: ClientCall, dialect: Dialect) -> dict[str, str]:
    """The client's feature headers where upstream speaks the same dialect; never a credential."""
    headers: dict[str, str] = {}
    if dialect is call.dialect:
        for name, value in call.headers.items():
            if name in _PASSED_HEADERS or (name.startswith("x-goog-") and name not in _KEPT_BACK_HEADERS):
                headers[name] = value
    return default_headers(dialect) | headers


def default_headers(dialect: Dialect) -> dict[str, str]:
    """The headers of a request that the client has no part in."""
    own = dict(dialect.default_headers)
    return {"content-type": "application/json", "accept-encoding": "identity", **own}


def _with_headers(headers: dict[str, str], more: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """``headers`` and ``more``; lists such as ``anthropic-beta`` are joined."""
    out = dict(headers)
    for name, value in more:
        held = [item.strip() for item in out.get(name, "").split(",") if item.strip()]
        out[name] = ",".join(dict.fromkeys([*held, value]))
    return out
