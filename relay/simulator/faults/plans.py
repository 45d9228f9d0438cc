"""Which fault an attempt meets: a marker in the prompt, else the model's name, else the plans.

* ``[fault#id: empty, ok]`` in a user text: the i-th attempt with this id takes the i-th fault, then
  none. Without ``#id`` the list begins again after its end, so a prompt can be sent twice; attempts
  are then counted per text up to the marker.
* ``gemini-3-flash-sim-empty+ok``: the same round about, counted per model name and conversation.
* ``plan(...)``: the first plan that matches and has not run out.
"""

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from relay.simulator.faults.faults import OK, Fault, FaultSequence, parse_sequence

_MARKER = re.compile(r"\[fault(?:#(?P<id>[^:\]]*))?:(?P<faults>[^\]]*)\]")
_COUNTS_LIMIT = 200_000
_IN_MODEL_NAME = re.compile(r"^(?P<model>.+?)-sim-(?P<faults>.+)$")


@dataclass(frozen=True, slots=True)
class Match:
    """Which attempts a plan is for: patterns with ``*``; empty matches all.

    ``text`` is a substring of the last user text. A plan without ``path`` is for generation only, so
    that a count or a list of models does not use up its faults.
    """

    account: str = ""
    model: str = ""
    path: str = ""
    text: str = ""

    def fits(self, attempt: "Attempt") -> bool:
        """Whether ``attempt`` is one of them."""
        return (
            (attempt.generates if not self.path else fnmatchcase(attempt.path, f"*{self.path}*"))
            and (not self.account or fnmatchcase(attempt.account, self.account))
            and (not self.model or fnmatchcase(attempt.model, self.model))
            and (not self.text or any(self.text in text for text in attempt.user_texts[-1:]))
        )


@dataclass(slots=True)
class Plan:
    """Faults for matching attempts; ``repeat`` begins again when they have run out."""

    match: Match
    sequence: FaultSequence
    repeat: bool = False
    taken: int = 0

    def is_over(self) -> bool:
        """Whether it has no fault left to give."""
        return not (self.repeat or self.sequence.repeats_last) and self.taken >= len(self.sequence.faults)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a fault is chosen by."""

    account: str
    model: str
    path: str
    generates: bool
    user_texts: list[str] = field(default_factory=list)


def model_without_fault(model: str) -> str:
    """The model that ``NAME-sim-FAULTS`` stands for."""
    found = _IN_MODEL_NAME.match(model)
    return found["model"] if found else model


class Plans:
    """All plans and counts of one simulator."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self._counts: OrderedDict[bytes, int] = OrderedDict()
        self._again: set[bytes] = set()

    def clear(self) -> None:
        """Forget plans and counts."""
        self.plans.clear()
        self._counts.clear()
        self._again.clear()

    def comes_again(self, body: bytes) -> None:
        """The fault of the request with ``body`` is met on the connection that replaces this one.

        A server may close a kept connection at any time, so clients send again by themselves what one was
        reset for, and do not count it.
        """
        self._again.add(hashlib.blake2b(body, digest_size=12).digest())

    def is_sent_again(self, body: bytes) -> bool:
        """Whether the request with ``body`` is such a one; once."""
        digest = hashlib.blake2b(body, digest_size=12).digest() if self._again else b""
        is_again = digest in self._again
        self._again.discard(digest)
        return is_again

    def add(self, sequence: FaultSequence, match: Match, *, repeat: bool = False) -> None:
        """Add a plan after those that are there."""
        self.plans.append(Plan(match, sequence, repeat))

    def next_fault(self, attempt: Attempt) -> Fault:
        """The fault that ``attempt`` meets; its count goes on. Raises UnknownFaultError."""
        if attempt.generates:
            for text in reversed(attempt.user_texts):
                if found := _MARKER.search(text):
                    name = found["id"]
                    key = name if name is not None else text[: found.end()]
                    return self._next(
                        "marker", key, parse_sequence(found["faults"]), round_about=name is None
                    )
            if found := _IN_MODEL_NAME.match(attempt.model):
                key = attempt.model + "\n" + "".join(attempt.user_texts[:1])
                return self._next("model", key, parse_sequence(found["faults"], "+"), round_about=True)
        for plan in self.plans:
            if not plan.is_over() and plan.match.fits(attempt):
                plan.taken += 1
                return plan.sequence.at(plan.taken - 1, round_about=plan.repeat)
        return OK

    def _next(self, scope: str, key: str, sequence: FaultSequence, *, round_about: bool) -> Fault:
        digest = hashlib.blake2b(f"{scope}\n{key}".encode("utf-8", "replace"), digest_size=12).digest()
        count = self._counts.pop(digest, 0)
        self._counts[digest] = count + 1
        if len(self._counts) > _COUNTS_LIMIT:
            self._counts.popitem(last=False)
        return sequence.at(count, round_about=round_about)
