"""The order that every vendor demands: the results of tools right behind the calls that they answer.

PURE, and linear in the history. A result that strayed belongs to the call before it, not beyond the next turn
that calls the same: ids come again, and Gemini's calls may have none.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from relay.dialects.healing.turn_form import Keys, TurnForm

_Place = tuple[int, int]
"""A part: its turn, and its position there."""


def in_order(form: TurnForm, turns: Sequence[Any]) -> list[Any]:
    """``turns`` in that order; what is in order already stays as it is."""
    parts = [form.parts(turn) for turn in turns]
    due = {
        last: places
        for last, places in _due(form, turns, parts).items()
        if not _are_next(places, turns, parts, last + 1, form)
    }
    moved = {place for places in due.values() for place in places}
    ordered: list[Any] = []
    results: list[Any] = []  # those that go into the user's turn that comes next
    for at, turn in enumerate(turns):
        kept = [part for position, part in enumerate(parts[at]) if (at, position) not in moved]
        if results and form.speaker(turn) == "user":
            ordered += form.with_parts(turn, [*results, *kept])
            results = []
        else:
            ordered += form.results(results) if results else []
            results = []
            ordered += [turn] if len(kept) == len(parts[at]) else form.with_parts(turn, kept)
        if at in due:
            found = [parts[turn_at][position] for turn_at, position in due[at]]
            if form.stands_alone:
                ordered += form.results(found)
            else:
                results = found
    return ordered + (form.results(results) if results else [])


def _due(form: TurnForm, turns: Sequence[Any], parts: Sequence[list[Any]]) -> dict[int, list[_Place]]:
    """Where the results stand that belong behind the turn at each index, in their order."""
    runs = list(_model_runs(form, turns))
    calls = [[keys for at in run for part in parts[at] for keys in form.called(part)] for run in runs]
    waiting = _results(form, turns, parts)
    ends = _next_calls(runs, calls)
    claimed: set[_Place] = set()
    due: dict[int, list[_Place]] = {}
    for number, run in enumerate(runs):
        for keys in calls[number]:
            found = [
                place
                for key in keys
                if (place := _first(waiting.get(key), run[-1], claimed))
                and place[0] < ends.get((number, key), len(turns))
            ]
            if found:
                claimed.add(min(found))
                due.setdefault(run[-1], []).append(min(found))
    return {last: sorted(places) for last, places in due.items()}


def _results(form: TurnForm, turns: Sequence[Any], parts: Sequence[list[Any]]) -> dict[object, deque[_Place]]:
    """Where the results stand, by what they answer."""
    found: dict[object, deque[_Place]] = {}
    for at, turn in enumerate(turns):
        if form.speaker(turn) in ("user", "tool"):
            for position, part in enumerate(parts[at]):
                for key in form.answered(part):
                    found.setdefault(key, deque()).append((at, position))
    return found


def _next_calls(runs: Sequence[list[int]], calls: Sequence[Iterable[Keys]]) -> dict[tuple[int, object], int]:
    """The turn that calls the same next, by the run that calls first and what it calls."""
    ends: dict[tuple[int, object], int] = {}
    later: dict[object, int] = {}
    for number in reversed(range(len(runs))):
        own = {key for keys in calls[number] for key in keys}
        ends |= {(number, key): later[key] for key in own if key in later}
        later |= dict.fromkeys(own, runs[number][0])
    return ends


def _first(places: deque[_Place] | None, behind: int, claimed: set[_Place]) -> _Place | None:
    """The first of the ``places`` behind that turn which no call has yet; those before it are never asked for
    again."""
    while places and (places[0][0] <= behind or places[0] in claimed):
        places.popleft()
    return places[0] if places else None


def _are_next(
    places: Sequence[_Place], turns: Sequence[Any], parts: Sequence[list[Any]], start: int, form: TurnForm
) -> bool:
    """Do these parts stand first from turn ``start`` on, with nothing of anybody's between them?"""
    wanted = iter(places)
    place = next(wanted)
    for at in range(start, len(turns)):
        if form.speaker(turns[at]) not in ("user", "tool"):
            return False
        for position in range(len(parts[at])):
            if (at, position) != place:
                return False
            following = next(wanted, None)
            if following is None:
                return True
            place = following
    return False


def _model_runs(form: TurnForm, turns: Sequence[Any]) -> Iterator[list[int]]:
    """The turns of the model's that are one: those in a row, or each by itself."""
    run: list[int] = []
    for at, turn in enumerate(turns):
        if form.speaker(turn) == "model" and not (form.stands_alone and run):
            run.append(at)
        elif run:
            yield run
            run = [at] if form.speaker(turn) == "model" else []
    if run:
        yield run
