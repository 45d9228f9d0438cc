"""What must outlive the pool: the interface that whoever writes to the database implements."""

from collections.abc import Sequence
from typing import Protocol

from accounts.pool.quota_windows import Window
from accounts.snapshot import KeptMark


class Journal(Protocol):
    """Where the pool writes what must outlive it. No method waits."""

    def keep_mark(self, mark: KeptMark) -> None:
        """The mark survives a restart."""

    def forget_mark(self, account_id: int, model: str) -> None:
        """That mark was lifted before its end."""

    def clear(self, account_id: int) -> None:
        """All marks of the account were lifted."""

    def disable(self, account_id: int, reason: str) -> None:
        """The account was disabled automatically."""

    def keep_windows(self, account_id: int, windows: Sequence[Window]) -> None:
        """These windows of the account's quota survive a restart."""

    def used(self, account_id: int, at: float) -> None:
        """The account was asked at that time."""
