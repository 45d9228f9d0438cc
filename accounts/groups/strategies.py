"""PURE. In which order a group's accounts are asked: its strategy.

*spread*: who has least to do, and room in its quota. *drain*: one after the other, in the order in which they
were added; the next one begins when the last can take no more. *reserve*: one account is kept for the end,
the one of lowest priority, of equals the one that was added last. A group without a strategy spreads.

A strategy belongs to the accounts and not to who asks: a request that is bound to no group meets it too.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

Strategy = Literal["spread", "drain", "reserve"]


class Grouped(Struct, frozen=True):
    """What of an account matters here."""

    account_id: int
    priority: int
    groups: frozenset[str]


class Order(Struct, frozen=True):
    """The accounts that are drained, and those that are kept for the end."""

    drained: frozenset[int] = frozenset()
    kept: frozenset[int] = frozenset()


def order_in(accounts: Iterable[Grouped], strategies: Mapping[str, Strategy]) -> Order:
    """Who of ``accounts`` is drained or kept. The disabled ones are among them: they keep their part."""
    drained: set[int] = set()
    last: dict[str, Grouped] = {}
    for account in accounts:
        for group in account.groups:
            strategy = strategies.get(group, "spread")
            if strategy == "drain":
                drained.add(account.account_id)
            elif strategy == "reserve" and _is_later(account, last.get(group)):
                last[group] = account
    return Order(frozenset(drained), frozenset(account.account_id for account in last.values()))


def _is_later(account: Grouped, than: Grouped | None) -> bool:
    if than is None:
        return True
    return (-account.priority, account.account_id) > (-than.priority, than.account_id)
