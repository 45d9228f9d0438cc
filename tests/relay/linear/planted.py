"""What the count has to see: each of these is quadratic, but for those whose names say linear."""

from collections import deque
from typing import Any


def joined_tuples(items: list[int]) -> None:
    said: tuple[int, ...] = ()
    for item in items:
        said = (*said, item)


def added_lists(items: list[int]) -> None:
    said: list[int] = []
    for item in items:
        said = said + [item]  # noqa: RUF005 - this is what is planted


def added_text(items: list[int]) -> None:
    said = ""
    for _ in items:
        said += "xy"


def joined_again(items: list[int]) -> None:
    pieces: list[str] = []
    for _ in items:
        pieces.append("x")
        "".join(pieces)


def searched(items: list[int]) -> None:
    seen: list[int] = []
    for item in items:
        if item not in seen:
            seen.append(item)


def counted(items: list[int]) -> None:
    for item in items:
        items.count(item)


def scanned(items: list[int]) -> None:
    for item in items:
        next((one for one in items if one == item), None)


def sliced(items: list[int]) -> None:
    for at in range(len(items)):
        items[at:]


def from_the_front(items: list[int]) -> None:
    left = list(items)
    while left:
        left.pop(0)


def deleted(items: list[int]) -> None:
    left = list(items)
    while left:
        del left[0]


def copied(items: list[int]) -> None:
    held: dict[int, Any] = {}
    for item in items:
        held = {**held, item: item}


def inserted(items: list[int]) -> None:
    held: list[int] = []
    for item in items:
        held[0:0] = [item]


def linear_appends(items: list[int]) -> None:
    seen: set[int] = set()
    said: list[int] = []
    for item in items:
        if item not in seen:
            seen.add(item)
            said += [item]
    "".join(map(str, said))


def linear_deque(items: list[int]) -> None:
    left = deque(items)
    held: dict[int, int] = {}
    while left:
        held[left.popleft()] = left[-1] if left else 0
        held.pop(0, None)


ALL = [
    joined_tuples, added_lists, added_text, joined_again, searched, counted, scanned, sliced, from_the_front,
    deleted, copied, inserted, linear_appends, linear_deque,
]  # fmt: skip
