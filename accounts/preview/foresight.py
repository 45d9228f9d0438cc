"""What the relay will make of a mapping that is not saved yet, and what is doubtful about it.

The relay's own roster is loaded with the mapping and asked, so that nothing is foreseen by another rule. No
I/O: the snapshot and ``now`` (epoch seconds) are told.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec
from msgspec import Struct

from accounts.groups.scope import ANYONE, bound_to
from accounts.mapping import ROLES, Mapping, Target
from accounts.pool.roster import Roster
from accounts.snapshot import AccountView, Snapshot
from accounts.wildcards import Wildcard, literal_characters

MOST_MODELS: Final = 8
"""Of the names that a pattern fits so many are shown, each with its way."""

SIGNS_OF_REGEX: Final = frozenset("^$[](){}|+?\\")
"""Characters of regular expressions that stand in no model's name."""

ANY_NAME: Final = "\u2042"
"""Stands for the ``*`` of a pattern: a name with it is served by a mapping for names like that alone."""

Doubt = Literal[
    "regex",
    "catches_all",
    "shadowed",
    "offered_by_none",
    "offered_by_disabled",
    "offered_out_of_scope",
    "mapped_on",
    "leads_back",
]


class Remark(Struct, frozen=True):
    """Something doubtful about a field. ``model`` is what it is about, ``other`` another rule or its target.

    ``mapped_on``: clients that ask for ``model`` itself get ``other``. ``leads_back``: and that is one of the
    names that the mapping takes.
    """

    field: Literal["pattern", "target", "fallbacks"]
    doubt: Doubt
    model: str = ""
    other: str = ""


class ForeseenTarget(Struct, frozen=True):
    """An upstream model, and the accounts that would be asked for it, the first first."""

    model: str
    accounts: tuple[AccountView, ...]


class Way(Struct, frozen=True):
    """From a model that clients name to whom it leads. ``pattern`` and ``role`` are the rule's.

    ``pattern`` is blank where no mapping takes it; ``stops`` are empty where it is offered by nobody.
    """

    model: str
    pattern: str
    role: str
    is_own: bool
    stops: tuple[ForeseenTarget, ...]


class Foreseen(Struct, frozen=True):
    """``fitting`` is how many known models the pattern fits, and ``ways`` show the first of them."""

    ways: tuple[Way, ...]
    fitting: int
    remarks: tuple[Remark, ...]


class Foresight:
    """A roster as it would be with the ``edited`` mapping in place of its stored self."""

    def __init__(self, snapshot: Snapshot, edited: Mapping, now: float) -> None:
        """``snapshot`` holds the other mappings alone."""
        self._edited, self._others, self._now = edited, snapshot.mappings, now
        self._roster = Roster()
        self._roster.load(msgspec.structs.replace(snapshot, mappings=(*snapshot.mappings, edited)), 1, now)
        self._roles = (edited.role,) if edited.role else ROLES

    def foresee(self, known: Iterable[str], tried: str = "") -> Foreseen:
        """For the ``known`` names that the pattern fits, and for the one that is ``tried``, first of all."""
        pattern = self._edited.pattern
        fitting = sorted({name for name in known if "*" not in name and self._fits(name)})
        if "*" not in pattern:
            fitting = [pattern]
        shown = dict.fromkeys([*([tried] if tried else ()), *fitting[:MOST_MODELS]])
        ways = tuple(way for name in shown for way in self._ways(name))
        return Foreseen(ways, len(fitting), tuple(self._remarks()))

    def _ways(self, model: str) -> Iterator[Way]:
        """One for each kind of agent, and one alone where both are led the same way."""
        ways = [self._way(model, role) for role in self._roles]
        yield from ways if any(way != ways[0] for way in ways) else ways[:1]

    def _way(self, model: str, role: str) -> Way:
        targets = self._roster.targets(model, role) or ()
        rule = targets[0] if targets else Target(model)
        stops = tuple(ForeseenTarget(target.model, self._accounts(target)) for target in targets)
        return Way(model, rule.pattern, rule.role, self._is_own(rule), stops)

    def _is_own(self, rule: Target) -> bool:
        return (rule.pattern, rule.role) == (self._edited.pattern, self._edited.role)

    def _accounts(self, target: Target) -> tuple[AccountView, ...]:
        candidates = self._roster.candidates(target.model, target.scope, (), self._now)
        return tuple(self._roster.require(one.account_id).view for one in candidates)

    def _remarks(self) -> Iterator[Remark]:
        edited = self._edited
        if not SIGNS_OF_REGEX.isdisjoint(edited.pattern):
            yield Remark("pattern", "regex")
        if not literal_characters(edited.pattern):
            yield Remark("pattern", "catches_all")
        any_name = edited.pattern.replace("*", ANY_NAME)
        takers = [(self._roster.targets(any_name, role) or (Target(any_name),))[0] for role in self._roles]
        if not any(map(self._is_own, takers)):
            yield Remark("pattern", "shadowed", other=takers[0].pattern)
        for field, model in _models(edited):
            if (doubt := self._who_offers(model)) is not None:
                yield Remark(field, doubt, model)
            elif (other := self._mapped_on(model)) is not None:
                yield Remark(field, "leads_back" if self._fits(other) else "mapped_on", model, other)

    def _who_offers(self, model: str) -> Doubt | None:
        """Why nobody would be asked for it; None where somebody would."""
        scope = Target(model, self._edited.kinds, bindings=bound_to(self._edited.groups)).scope
        if next(self._roster.candidates(model, scope, (), self._now), None) is not None:
            return None
        if self._roster.views() and self._roster.is_offered_when_enabled(model, scope):
            return "offered_by_disabled"
        if next(self._roster.candidates(model, ANYONE, (), self._now), None) is not None:
            return "offered_out_of_scope"
        return "offered_by_none"

    def _mapped_on(self, model: str) -> str | None:
        """Where another mapping leads clients that ask for ``model`` itself; None where nowhere else."""
        for role in self._roles:
            first = (self._roster.targets(model, role) or (Target(model),))[0]
            if first.pattern and not self._is_own(first) and first.model != model:
                return first.model
        return None

    def _fits(self, name: str) -> bool:
        pattern = self._edited.pattern
        return Wildcard(pattern).fits(name) if "*" in pattern else pattern == name


def _models(mapping: Mapping) -> Iterator[tuple[Literal["target", "fallbacks"], str]]:
    if mapping.target:
        yield "target", mapping.target
    for model in mapping.fallbacks:
        yield "fallbacks", model
