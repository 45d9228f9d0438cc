"""What the list of accounts says of today, and a key's page of what it used.

The monitor counts, and this room must not know the monitor: so the frame registers here who is to be asked.
"""

from collections.abc import Callable
from decimal import Decimal

from django.utils.safestring import SafeString
from msgspec import Struct

from accounts.models import ClientKey


class AccountFigures(Struct, frozen=True, kw_only=True):
    """One account today. ``last_error`` is HTML: when, what, and a link to it; blank when there was none."""

    attempts: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)
    last_error: SafeString = SafeString("")

    @property
    def success_percent(self) -> float | None:
        """Of the attempts; None without one."""
        return 100 * (self.attempts - self.failed) / self.attempts if self.attempts else None


FiguresOf = Callable[[], dict[tuple[str, str], AccountFigures]]
"""Today's figures of all accounts that have any, by kind and e-mail."""

_registered: list[FiguresOf] = []


def register_account_figures(figures: FiguresOf) -> None:
    """``figures`` is asked once for each look at the list. The last one counts."""
    _registered[:] = [figures]


def account_figures() -> dict[tuple[str, str], AccountFigures]:
    """Today's figures; none where nobody counts."""
    return _registered[0]() if _registered else {}


KeyFiguresOf = Callable[[ClientKey], SafeString]
"""What a key used, as HTML."""

_of_keys: list[KeyFiguresOf] = []


def register_key_figures(figures: KeyFiguresOf) -> None:
    """``figures`` is asked at each look at a key's page. The last one counts."""
    _of_keys[:] = [figures]


def key_figures(key: ClientKey) -> SafeString:
    """What the key used; blank where nobody counts."""
    return _of_keys[0](key) if _of_keys else SafeString("")
