"""A history that was refused because calls and results do not pair: each call gets one result behind it.

PURE, and linear in the history. Agents lose the pairs when they are interrupted, resumed or compacted, and
every later turn would be refused too. In a client's own dialect; for what is translated,
``relay/dialects/translation/paired_calls.py`` has done it already.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

from relay.dialects.healing.result_order import in_order
from relay.dialects.healing.turn_form import TurnForm
from relay.neutral.conversation import Json


def paired(form: TurnForm, body: Json) -> Json:
    """``body`` with one result behind each call; the very same where it is so already.

    A result that is told twice is left out, one without its call becomes what the user shows, and a call
    without a result gets one that says so.
    """
    turns = form.turns(body)
    out: list[Any] = []
    calls: list[Any] = []
    behind: list[Any] = []
    given: dict[object, Any] = {}  # the newest result of each call
    for turn in in_order(form, turns):
        if form.speaker(turn) != "model":
            behind.append(turn)
            continue
        if behind or form.stands_alone:
            out += _Answers(form, calls, given).among(behind)
            calls, behind = [], []
        out.append(turn)
        calls += form.parts(turn)
    out += _Answers(form, calls, given).among(behind)
    is_changed = len(out) != len(turns) or any(new is not old for new, old in zip(out, turns, strict=True))
    return {**body, form.key: out} if is_changed else body


class _Answers:
    """The calls of one turn of the model's, and the results that they have found."""

    def __init__(self, form: TurnForm, parts: Sequence[Any], given: dict[object, Any]) -> None:
        self._form = form
        self._given = given
        self._missing: dict[int, Any] = {}  # by the call's number: the result that says that there is none
        self._waiting: dict[object, deque[int]] = {}
        for part in parts:
            for keys, none_given in zip(form.called(part), form.unanswered(part), strict=True):
                for key in keys:
                    self._waiting.setdefault(key, deque()).append(len(self._missing))
                self._missing[len(self._missing)] = none_given

    def among(self, turns: list[Any]) -> list[Any]:
        """The turns up to the model's next, with a result for each call and for nothing else."""
        kept: list[Any] = []
        shown: list[Any] = []  # turns of their own, behind all results
        for turn in turns:
            results, strays = self._sorted(self._form.parts(turn))
            if self._form.stands_alone:
                kept += [turn] if not strays and results else []
                shown += strays
            elif len(results) == len(self._form.parts(turn)):
                kept.append(turn)
            else:
                kept += self._form.with_parts(turn, [*results, *strays])
        if shown:
            answers = [self._form.speaker(turn) == "tool" for turn in kept]
            at = len(answers) - answers[::-1].index(True) if True in answers else 0
            kept[at:at] = shown
        return self._with_missing(kept)

    def _sorted(self, parts: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The parts that stay, and results without a call as what the user shows."""
        kept: list[Any] = []
        strays: list[Any] = []
        for part in parts:
            keys = self._form.answered(part)
            if not keys or self._answers(keys):
                kept.append(part)
                self._given.update((key, part) for key in keys)
            elif not any(self._given.get(key) == part for key in keys):
                strays += self._form.shown(part)
        return kept, strays

    def _answers(self, keys: Sequence[object]) -> bool:
        """Is a call still open that shares one of ``keys``? It is answered then."""
        for key in keys:
            waiting = self._waiting.get(key)
            while waiting:
                if self._missing.pop(waiting.popleft(), None) is not None:
                    return True
        return False

    def _with_missing(self, turns: list[Any]) -> list[Any]:
        """``turns`` with the results that nobody gave: before all else that the user says."""
        missing = list(self._missing.values())
        if not missing:
            return turns
        if turns and not self._form.stands_alone and self._form.speaker(turns[0]) == "user":
            first = self._form.with_parts(turns[0], [*missing, *self._form.parts(turns[0])])
            return [*first, *turns[1:]]
        return [*self._form.results(missing), *turns]
