"""From what the client asked to what one upstream is asked: dialect, model, signatures, heals.

PURE but for the memory it reads. To an upstream of the same dialect and model the client's own bytes
travel, unless a signature has to go or a heal has to be done again.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

import msgspec

from accounts.facts.known_models import facts_for
from accounts.facts.model_facts import ModelFacts
from accounts.snapshot import AccountView
from monitor.record.redacting.header_redaction import is_secret_header
from relay.dialects.errors.refused_parameters import PAIRS, is_the_clients, known_refusals, taken_back_words
from relay.dialects.healing.signature_slots import HealedBody
from relay.dialects.interface import Dialect
from relay.dialects.names.aliases import NONE as NO_ALIASES
from relay.dialects.names.aliases import Aliases, aliased
from relay.dialects.registry import dialect_for
from relay.dialects.translation.paired_calls import paired
from relay.engine.continuing.continuation import Said
from relay.engine.healing.healed import HealedSession
from relay.engine.healing.signatures import SignatureCache
from relay.neutral.conversation import Conversation, Json
from relay.neutral.failures import BadRequest
from relay.neutral.sliced_json import weight
from relay.speakers.speaker import NOBODY, Speaker
from relay.upstream.placed_signatures import Signatures
from relay.upstream.told_changes import told_changes

logger = logging.getLogger(__name__)

_PASSED_HEADERS = ("anthropic-", "x-goog-", "openai-beta")
"""How the feature headers of the vendors begin; those of tomorrow travel too (``anthropic-workspace-id``)."""
_KEPT_BACK_HEADERS = frozenset({"x-goog-user-project"})
"""The project that is billed is the account's."""


class ClientCall(msgspec.Struct, frozen=True, dict=True):
    """The client's request, parsed once. ``raw`` is its body's bytes, ``headers`` have lower-case names.

    ``is_threaded``: upstream is to hold the conversation, so that its answer's id leads back to the session.
    ``answers_tools``: behind the model's last turn stand results of tools; ``is_begun``: it has had one.
    ``mended`` says in words what of the body had to be mended to read it. ``speaker`` is who asks.
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
    is_begun: bool = False
    mended: tuple[str, ...] = ()
    speaker: Speaker = NOBODY

    @cached_property
    def weight(self) -> int:
        """How much work the body is, in bytes."""
        return weight(self.raw)

    @cached_property
    def conversation(self) -> Conversation:
        """The body in neutral form; raises BadRequest, CannotCarry.

        A value of a type that no rule of the dialect foresaw is the client's mistake too; the log has ours.
        """
        try:
            return self.dialect.read(self.body)
        except (TypeError, AttributeError, LookupError, ValueError, ArithmeticError) as error:
            logger.exception("A request's body has a value that no rule foresaw")
            raise BadRequest("a value in the body has a type that does not belong there") from error

    @cached_property
    def own_body(self) -> tuple[Json, tuple[str, ...]]:
        """The body for an upstream of the same dialect, and in words what was mended in it."""
        changes: list[str] = []
        return self.dialect.mend(self.body, changes), tuple(changes)

    @cached_property
    def is_own_form(self) -> bool:
        """May an upstream of the same dialect have the body, and the client its answer, as they are?"""
        return self.dialect.is_own_form(self.body)


class UpstreamRequest(msgspec.Struct, frozen=True):
    """What goes to one upstream. ``content`` is the body's bytes, before Code Assist's envelope.

    ``changes`` say what the server changed on the way up. ``is_same_dialect``: the answer's bytes pass
    through. ``has_thinking`` says that the history holds thinking, ``aliases`` how upstream calls the tools,
    ``is_own`` that the body is the client's own, for the model that it names itself.
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
    is_own: bool = False

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
    refused: Collection[str] = (),
    cache_key: str = "",
) -> UpstreamRequest:
    """The request for ``model`` on ``account``; raises BadRequest or CannotCarry. ``now``: epoch seconds.

    ``refused`` is what this account refused of a request's form before (``errors/refused_parameters.py``).
    ``cache_key`` names the conversation to an upstream of another dialect, where the client does not.
    """
    facts = facts_for(model, account.kind)
    dialect = dialect_for(account.kind, call.dialect, facts)
    is_same = dialect is call.dialect and call.is_own_form
    changes = list(call.mended)
    aliases = NO_ALIASES
    if not is_same:
        changes += [f"not carried: {what}" for what in call.conversation.dropped]
        conversation, aliases = aliased(
            _keyed(paired(call.conversation, changes), cache_key),
            dialect.tool_names,
            dialect.property_names,
            changes,
        )
        body = dialect.as_stream(dialect.write(conversation, model, facts, changes))
    else:
        body, mended = call.own_body
        changes += mended
        if model != call.model:
            body = dialect.fit(body, model, facts, changes)
        body = dialect.as_stream(body)  # the very same where it asks for a stream, with usage, already
    known = dialect.known_form(body, facts)
    if known is not body:
        changes.append("reasoning put where the server wants it back")
    is_own = is_same and model == call.model
    names = [*known_refusals(facts, is_own=is_own), *sorted(refused)]
    if healed is not None and healed.has_pairs:
        names.append(PAIRS)
    known, said = without_refused(dialect, known, names, is_own=is_own)
    changes += said
    found = Signatures(call.session, cache, facts, is_same, dialect, now)
    restored = dialect.restore_signatures(known, found.resolve)
    if restored is not known:
        changes.append("thinking signatures put right")
    again, headers = _heal_again(dialect, restored, healed)
    if again is not restored:
        changes.append("earlier heal done again")
    return UpstreamRequest(
        dialect=dialect,
        is_same_dialect=is_same,
        model=model,
        facts=facts,
        body=again,
        content=call.raw if again is call.body else msgspec.json.encode(again),
        headers=_with_headers(_feature_headers(call, dialect), headers),
        changes=told_changes(changes),
        thinks_unseen=again.get("stream") is False or dialect.thinks_unseen(again, facts),
        has_thinking=found.has_thinking,
        is_own=is_own,
        aliases=aliases,
    )


def _keyed(conversation: Conversation, cache_key: str) -> Conversation:
    """``conversation`` with ``cache_key``, unless the client gave one."""
    if conversation.cache_key or not cache_key:
        return conversation
    return msgspec.structs.replace(conversation, cache_key=cache_key)


def healed_with(request: UpstreamRequest, healed: HealedBody) -> UpstreamRequest:
    """The same request with the healed body."""
    return msgspec.structs.replace(
        request,
        body=healed.body,
        content=msgspec.json.encode(healed.body),
        headers=_with_headers(request.headers, healed.headers),
        changes=(*request.changes, *healed.changes),
    )


def taken_back(request: UpstreamRequest, name: str) -> UpstreamRequest | None:
    """The same request without what upstream refuses of its form; None where it holds nothing of the kind."""
    body, changes = without_refused(request.dialect, request.body, [name], is_own=request.is_own)
    if not changes:
        return None
    return msgspec.structs.replace(
        request,
        body=body,
        content=msgspec.json.encode(body),
        changes=(*request.changes, *changes),
        thinks_unseen=body.get("stream") is False or request.dialect.thinks_unseen(body, request.facts),
    )


def without_refused(
    dialect: Dialect, body: Json, names: Iterable[str], *, is_own: bool
) -> tuple[Json, list[str]]:
    """``body`` without what is refused, and what that changed, in words.

    A parameter that the client gave to this very model stays (``is_own``): its refusal is for the client.
    """
    changes: list[str] = []
    for name in dict.fromkeys(names):
        if is_own and is_the_clients(name):
            continue
        fitted = dialect.take_back(body, name)
        if fitted is not body:
            body = fitted
            changes.append(taken_back_words(name))
    return body, changes


def continued(request: UpstreamRequest, token: str) -> UpstreamRequest:
    """The same Gemini request, asking for the next leg of a long answer.

    The token stands at the top of the body: there google-genai 3.4.0 puts it, whatever else is written.
    """
    body = {**request.body, "continuationToken": token}
    return msgspec.structs.replace(request, body=body, content=msgspec.json.encode(body))


def asked_on(request: UpstreamRequest, said: Said) -> tuple[UpstreamRequest, int]:
    """The same request, asking for what follows ``said``; how many characters of its end it cannot show."""
    asking = request.dialect.continue_answer(request.body, said.text, said.tokens, request.facts)
    asked = msgspec.structs.replace(
        request,
        body=asking.body,
        content=msgspec.json.encode(asking.body),
        changes=(*request.changes, *asking.changes),
        thinks_unseen=request.dialect.thinks_unseen(asking.body, request.facts),
    )
    return asked, asking.unseen


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
            is_passed = name.startswith(_PASSED_HEADERS) and name not in _KEPT_BACK_HEADERS
            if is_passed and not is_secret_header(name):
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
