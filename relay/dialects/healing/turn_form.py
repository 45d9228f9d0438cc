"""How healing sees the history in a body: what each dialect says of its own turns. PURE."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from accounts.facts.model_facts import ModelFacts
from relay.dialects.healing.signature_slots import Resolution, SignatureSlot
from relay.neutral.conversation import Json, digest

Speaker = Literal["user", "model", "tool", "nobody"]
"""Who says a turn: ``tool`` says nothing but results; system turns, and what is no turn, are ``nobody``'s."""

Keys = tuple[object, ...]
"""What a call and its result have in common: a result answers a call with which it shares one of these."""


class PlacedSlot(NamedTuple):
    """A slot, and the part that it is in: the one at ``part`` of the turn at ``turn``."""

    turn: int
    part: int
    held: Any
    slot: SignatureSlot


class TurnForm:
    """The turns of one dialect's bodies. This one is of a dialect that keeps no history.

    A turn has parts. Where a dialect's turns have none of their own (OpenAI's), a turn is its one part.
    """

    key = ""
    """The field of the body that holds the turns."""

    stands_alone = False
    """Does each turn of the model's want its results right behind it, in turns of their own?"""

    heals_without_thinking = False
    """May upstream have meant the order of the history, or an earlier turn without its thinking?"""

    def turns(self, body: Json) -> Sequence[Any]:
        """The turns, of whatever type; none when there is no list of them."""
        told = body.get(self.key)
        return told if isinstance(told, list) else []

    def speaker(self, turn: Any) -> Speaker:
        """Who says it."""
        return "nobody"

    def name(self, turn: Any) -> str:
        """What the turn is known by on later requests."""
        return digest(turn)

    def parts(self, turn: Any) -> list[Any]:
        """Its parts."""
        return [turn]

    def with_parts(self, turn: Any, parts: list[Any]) -> list[Any]:
        """What stands in its place when these are its parts: nothing where there are none."""
        return parts

    def is_empty(self, turn: Any) -> bool:
        """Is it a turn that says nothing, which upstream would refuse?"""
        return False

    def results(self, parts: list[Any]) -> list[Any]:
        """Results of tools as turns of their own."""
        return parts

    def refusable(self, part: Any) -> str:
        """The digest by which a part of the model's is known that may be refused; "" for others."""
        return ""

    def known_later(self, part: Any) -> str:
        """That by which such a part is known when its client has lost what it does not keep."""
        return self.refusable(part)

    def as_text(self, part: Any) -> list[Any]:
        """Such a part without its thinking and signatures: nothing where nothing is left."""
        return [part]

    def with_prompt(self, turn: Any) -> Any:
        """A user's turn with the fix prompt as its last part."""
        return turn

    def prompt(self) -> Any:
        """The fix prompt as a user's turn."""
        return None

    def called(self, part: Any) -> Iterable[Keys]:
        """The calls of tools in a part of the model's."""
        return ()

    def answered(self, part: Any) -> Keys:
        """What the result in this part answers; () where it is none."""
        return ()

    def unanswered(self, part: Any) -> Iterable[Any]:
        """For each of its calls, a result that says that none was given."""
        return ()

    def shown(self, part: Any) -> list[Any]:
        """A result whose call is not in the history, as parts of the user's."""
        return [part]

    def slots(self, turns: Sequence[Any]) -> Iterator[PlacedSlot]:
        """The places that hold, or could hold, a signature."""
        return iter(())

    def signed(self, part: Any, slot: SignatureSlot, resolution: Resolution) -> list[Any]:
        """The part with its slot resolved: itself when it stays, nothing where nothing is left."""
        return [part]

    def settled(self, body: Json, facts: ModelFacts | None) -> tuple[Json, str]:
        """A healed body without what upstream would refuse beside such a history, and what that took.

        ``facts`` are the model's where it is healed for the first time.
        """
        return body, ""
