"""What pools tell each other over the bus: marks, quotas, and accounts that were disabled or cleared.

Times are told as seconds from now: what the hosts' clocks say may differ.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from accounts.marks import MarkCause
from accounts.pool.quota_windows import Window


class HardMarked(Struct, frozen=True, tag="hard"):
    """A hard mark was set, for so many seconds from now; ``key`` blank is the whole account.

    ``model`` was asked; ``strikes`` is how many quota marks in a row it has had.
    """

    account_id: int
    key: str
    seconds: float
    cause: MarkCause
    reason: str
    status: int
    model: str
    strikes: int


class SoftMarked(Struct, frozen=True, tag="soft"):
    """A soft mark was set, for so many seconds from now."""

    account_id: int
    model: str
    seconds: float


class Answered(Struct, frozen=True, tag="answered"):
    """The account answered a request for ``model`` that began so many seconds ago, for all its marks."""

    account_id: int
    model: str
    age_seconds: float


class Disabled(Struct, frozen=True, tag="disabled"):
    """The account was disabled automatically."""

    account_id: int
    reason: str


class Cleared(Struct, frozen=True, tag="cleared"):
    """The account's marks were lifted."""

    account_id: int


class ToldWindow(Struct, frozen=True, array_like=True):
    """A window of a quota (``windows.Window``), its times as seconds from now, the past one before it."""

    name: str
    model: str
    used: float
    resets_in_seconds: float
    age_seconds: float
    limit: int | None
    remaining: int | None


class QuotaTold(Struct, frozen=True, tag="quota"):
    """Upstream told what is left of the account's quota."""

    account_id: int
    windows: tuple[ToldWindow, ...]


News = HardMarked | SoftMarked | Answered | Disabled | Cleared | QuotaTold


def as_news(account_id: int, windows: Iterable[Window], now: float) -> QuotaTold:
    """Windows for the other processes."""
    return QuotaTold(
        account_id,
        tuple(
            ToldWindow(
                one.name,
                one.model,
                one.used,
                one.resets_at - now,
                now - one.seen_at,
                one.limit,
                one.remaining,
            )
            for one in windows
        ),
    )


def windows_in(news: QuotaTold, now: float) -> list[Window]:
    """The windows by this process's clock."""
    return [
        Window(
            one.name,
            one.used,
            now + one.resets_in_seconds,
            now - one.age_seconds,
            one.model,
            one.limit,
            one.remaining,
        )
        for one in news.windows
    ]


encode = msgspec.json.encode
decode = msgspec.json.Decoder(News).decode
