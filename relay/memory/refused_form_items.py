"""What an account refuses of a request's form, as an item to remember. PURE but for the item's shape."""

from functools import lru_cache

from accounts.snapshot import AccountView
from relay.memory.memory_items import MemoryItem
from relay.neutral.conversation import digest


def account_key(account: AccountView) -> str:
    """The account at its present address: another server may take what this one refuses."""
    return _key(account.id, account.base_url)


@lru_cache(maxsize=4096)
def _key(account_id: int, base_url: str) -> str:
    return digest([account_id, base_url])


def refused_item(account: AccountView, model: str, name: str, now: float) -> MemoryItem:
    """``name`` is refused by ``account`` for ``model``; ``now`` in epoch seconds."""
    return MemoryItem("refused", account_key(account), f"{name}\n{model}", now)
