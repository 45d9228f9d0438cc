"""PURE. Which accounts may serve: of which kinds, and of which groups.

An account is in a group when it carries the group's name. A key and a mapping may each be bound to groups:
then an account must be in one of the key's *and* in one of the mapping's. Nobody else is ever asked.
"""

from msgspec import Struct

Binding = frozenset[str]
"""The groups that one key or one mapping is bound to: an account of any of them will do."""


class Scope(Struct, frozen=True, gc=False):
    """``kinds`` empty: any. ``bindings`` are all to be met; none: an account of any group, or of none."""

    kinds: frozenset[str] = frozenset()
    bindings: frozenset[Binding] = frozenset()

    def admits(self, kind: str, groups: frozenset[str]) -> bool:
        """Whether an account of that kind, in those groups, may serve."""
        if self.kinds and kind not in self.kinds:
            return False
        return all(not binding.isdisjoint(groups) for binding in self.bindings)

    def within(self, other: "Scope") -> "Scope | None":
        """Who is in both; None where no kind of account is."""
        if not self.kinds or not other.kinds:
            kinds = self.kinds or other.kinds
        elif not (kinds := self.kinds & other.kinds):
            return None
        return Scope(kinds, self.bindings | other.bindings)

    @property
    def of_groups(self) -> str:
        """The groups in words: ``the group 'team'``; blank where none is asked for."""
        return in_words(self.bindings)


ANYONE = Scope()
"""Every account."""


def bound_to(groups: frozenset[str]) -> frozenset[Binding]:
    """The bindings of one key or mapping."""
    return frozenset((groups,)) if groups else frozenset()


def in_words(bindings: frozenset[Binding]) -> str:
    """As an error tells it: ``the groups 'a' or 'b', and the group 'c'``."""
    return ", and ".join(sorted(_one_in_words(binding) for binding in bindings))


def as_text(bindings: frozenset[Binding]) -> str:
    """For the record: ``a, b & c`` is one of a or b, and c too."""
    return " & ".join(sorted(", ".join(sorted(binding)) for binding in bindings))


def from_text(text: str) -> frozenset[Binding]:
    """What ``as_text`` wrote."""
    return frozenset(frozenset(part.split(", ")) for part in text.split(" & ")) if text else frozenset()


def _one_in_words(binding: Binding) -> str:
    names = " or ".join(repr(name) for name in sorted(binding))
    return f"the {'group' if len(binding) == 1 else 'groups'} {names}"
