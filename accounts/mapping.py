"""PURE. From the model that a client names to the upstream models it may be served by.

Order (docs/behaviour.md 3): the exact name, then the wildcard with most literal characters, then pass-through
when an account offers that very model. A mapping's fallbacks follow its target, in their order.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from msgspec import Struct

from accounts.facts.model_facts import SHIPPED, ModelTable
from accounts.groups.scope import Binding, Scope, bound_to
from accounts.keys.limits import ConversationLimits
from accounts.wildcards import WildcardIndex

QUOTA_ALONE = frozenset({"quota"})
"""What a mapping falls back on unless it says otherwise, of ``quota``, ``overload`` and ``context``."""


class Mapping(Struct, frozen=True):
    """One line of the admin's mapping table. No kinds or groups mean that any may serve it.

    ``continuation``: an answer that broke off in plain text is continued. ``tool_safe``: a tool call is
    held back until it is whole. ``role``: only the requests of main agents (``main``) or of sub-agents
    (``sub``) are served by it; blank for all. ``conversation`` is what each conversation may do by it.
    """

    pattern: str
    target: str
    kinds: frozenset[str] = frozenset()
    fallbacks: tuple[str, ...] = ()
    priority: int = 0
    continuation: bool = False
    tool_safe: bool = False
    role: str = ""
    groups: frozenset[str] = frozenset()
    falls_back_on: frozenset[str] = QUOTA_ALONE
    conversation: ConversationLimits | None = None


class Offer(Struct, frozen=True):
    """What one account offers: its list of models, or without one its kind's families."""

    kind: str
    models: tuple[str, ...] = ()


class Target(Struct, frozen=True):
    """An upstream model that may serve the request, and the account kinds it may be asked of.

    ``kinds`` empty means any; ``bindings`` are the groups that an account must be in, ``key_groups`` those of
    the key that asks, in one of which it must be besides. ``pattern`` is the mapping that led here, blank for
    pass-through, ``continuation`` and ``tool_safe`` are its switches, ``role`` is whom it is for, and
    ``conversation`` what each conversation may do by it.
    """

    model: str
    kinds: frozenset[str] = frozenset()
    pattern: str = ""
    continuation: bool = False
    tool_safe: bool = False
    role: str = ""
    bindings: frozenset[Binding] = frozenset()
    key_groups: Binding = frozenset()
    falls_back_on: frozenset[str] = QUOTA_ALONE
    conversation: ConversationLimits | None = None

    @property
    def scope(self) -> Scope:
        """Which accounts may serve it."""
        return Scope(self.kinds, self.bound_with(self.key_groups))

    def bound_with(self, key_groups: Binding) -> frozenset[Binding]:
        """The groups that an account must be in for a key that is bound to ``key_groups``."""
        return self.bindings | bound_to(key_groups)


ROLES = ("main", "sub")


class OfRole(Protocol):
    """What decides which of two mappings that fit is taken."""

    @property
    def role(self) -> str:
        """Whose it is: an agent's role, or blank for all."""

    @property
    def priority(self) -> int:
        """The higher number first."""

    @property
    def pattern(self) -> str:
        """The model's name, with wildcards."""


M = TypeVar("M", bound=OfRole)


def in_order(mappings: Iterable[M], role: str) -> list[M]:
    """Those that agents of ``role`` fall under, in the order in which equally fitting ones are taken."""
    own = (one for one in mappings if one.role in ("", role))
    return sorted(own, key=lambda one: (not one.role, -one.priority, one.pattern))


class ModelRouter:
    """The mapping table and the accounts' offers, made ready for one look-up per request."""

    def __init__(
        self, mappings: Iterable[Mapping], offers: Iterable[Offer], table: ModelTable = SHIPPED
    ) -> None:
        self._table = table
        mappings = list(mappings)
        self._targets = {
            role: WildcardIndex((one.pattern, _targets(one)) for one in in_order(mappings, role))
            for role in ROLES
        }
        self._listed: set[str] = set()
        self._unlisted_kinds: set[str] = set()
        for offer in offers:
            if offer.models:
                self._listed.update(offer.models)
            else:
                self._unlisted_kinds.add(offer.kind)
        self.names = sorted(
            {mapping.pattern for mapping in mappings if "*" not in mapping.pattern}
            | {target.model for mapping in mappings for target in _targets(mapping)}
        )

    def resolve(self, model: str, role: str = "") -> tuple[Target, ...] | None:
        """The upstream models for ``model``, best first; None when nobody maps or offers it.

        ``role`` is that of the agent that asks; who asks for none is served as a main agent, and else as a
        sub-agent.
        """
        for asking in (role,) if role in ROLES else ROLES:
            mapped = self._targets[asking].find(model)
            if mapped is not None:
                return mapped
        if model in self._listed or not self._unlisted_kinds.isdisjoint(self._table.kinds_offering(model)):
            return (Target(model),)
        return None


def _targets(mapping: Mapping) -> tuple[Target, ...]:
    return tuple(
        Target(
            model,
            mapping.kinds,
            mapping.pattern,
            mapping.continuation,
            mapping.tool_safe,
            mapping.role,
            bound_to(mapping.groups),
            falls_back_on=mapping.falls_back_on,
            conversation=mapping.conversation,
        )
        for model in (mapping.target, *mapping.fallbacks)
    )
