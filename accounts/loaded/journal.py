"""Writes behind: what must outlive this process is noted at once and written a moment later.

Notes are made in the event loop and never wait. ``take`` hands them over as a batch, which ``write``
brings to the database in a thread; a batch that could not be written is put back under newer notes.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.models import Case, DateTimeField, Q, Value, When
from msgspec import Struct, field

from accounts.models import Account, AccountMark, ClientKey, lock_accounts
from accounts.pool.quota_windows import Window
from accounts.revisions import Revision, lock_rows
from accounts.snapshot import KeptMark
from monitor.record.stored_text import stored_text

logger = logging.getLogger(__name__)

_AWAY: Final = (InterfaceError, OperationalError, OSError)
"""The fault is the database's, not the note's."""

_USED_AT_ONCE = 200

WINDOWS_AT_LOOK: Final = 5
"""How often, in looks of a second, what was told of quotas is written."""

ENDED_FOR: Final = timedelta(hours=1)
"""A mark that ended so long ago is removed with the account's next one: its model's name is a client's."""

MOST_WINDOWS: Final = 40
"""So many windows of an account are kept, the newest."""


class Batch(Struct):
    """What is to be written. A mark of None was lifted; times are epoch seconds."""

    marks: dict[tuple[int, str], KeptMark | None] = field(default_factory=dict)
    cleared: dict[int, bool] = field(default_factory=dict)
    disabled: dict[int, str] = field(default_factory=dict)
    windows: dict[int, tuple[Window, ...]] = field(default_factory=dict)
    accounts_used: dict[int, float] = field(default_factory=dict)
    keys_used: dict[int, float] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Nothing to write."""
        return not any(getattr(self, name) for name in self.__struct_fields__)


class DatabaseJournal:
    """The pool's journal. ``urgent`` is called when a note should not wait for the next tick."""

    def __init__(self, urgent: Callable[[], None]) -> None:
        self._urgent = urgent
        self._notes = Batch()
        self._looks = 0

    def _are_windows_due(self) -> bool:
        """At every fifth look: they are figures, no decisions."""
        self._looks += 1
        return self._looks % WINDOWS_AT_LOOK == 0

    def keep_mark(self, mark: KeptMark) -> None:
        """The mark survives a restart."""
        self._notes.marks[mark.account_id, mark.model] = mark
        self._urgent()

    def forget_mark(self, account_id: int, model: str) -> None:
        """That mark was lifted before its end."""
        self._notes.marks[account_id, model] = None

    def clear(self, account_id: int) -> None:
        """All marks of the account were lifted."""
        self._notes.cleared[account_id] = True
        for key in [key for key in self._notes.marks if key[0] == account_id]:
            del self._notes.marks[key]
        self._notes.windows.pop(account_id, None)
        self._urgent()

    def disable(self, account_id: int, reason: str) -> None:
        """The account was disabled automatically."""
        self._notes.disabled[account_id] = reason
        self._urgent()

    def keep_windows(self, account_id: int, windows: Sequence[Window]) -> None:
        """These windows of the account's quota survive a restart."""
        self._notes.windows[account_id] = tuple(sorted(windows, key=_newest)[:MOST_WINDOWS])

    def used(self, account_id: int, at: float) -> None:
        """The account was asked at that time."""
        self._notes.accounts_used[account_id] = at

    def key_used(self, key_id: int, at: float) -> None:
        """The client key was presented at that time."""
        self._notes.keys_used[key_id] = at

    def key_last_used(self, key_id: int) -> float:
        """When a key was last used (epoch seconds), where that is not written yet; else 0."""
        return self._notes.keys_used.get(key_id, 0.0)

    def take(self, *, with_usage: bool) -> Batch:
        """Hands the notes over; the times of last use stay unless ``with_usage``."""
        batch, self._notes = self._notes, Batch()
        if not with_usage:
            self._notes.accounts_used, batch.accounts_used = batch.accounts_used, {}
            self._notes.keys_used, batch.keys_used = batch.keys_used, {}
            if not self._are_windows_due():
                self._notes.windows, batch.windows = batch.windows, {}
        return batch

    def put_back(self, batch: Batch) -> None:
        """The batch could not be written."""
        newer = self._notes
        self._notes = Batch(
            **{name: getattr(batch, name) | getattr(newer, name) for name in batch.__struct_fields__}
        )


def write_what_can_be(batch: Batch) -> Batch:
    """Brings the batch to the database; returns what is to be tried again, as the database is away. Blocking.

    A note that no database takes is dropped with a line in the log: it shall keep no other from it.
    """
    left = Batch()
    try:
        write(batch)
    except _AWAY as error:
        _tell_away(error)
        return batch
    except Exception:
        for name, key, note in _singly(batch):
            try:
                write(note)
            except _AWAY as error:
                _tell_away(error)
                getattr(left, name)[key] = getattr(note, name)[key]
            except Exception as error:
                logger.error("A note on an account cannot be written: %s %r, %s", name, key, error)
    return left


def _tell_away(error: Exception) -> None:
    logger.warning("What the accounts noted could not be written, trying again: %s", error)
    connections.close_all()


def _singly(batch: Batch) -> Iterator[tuple[str, Any, Batch]]:
    """Each note of the batch as one of its own, in the order in which they are written."""
    for name in batch.__struct_fields__:
        for key, value in getattr(batch, name).items():
            yield name, key, Batch(**{name: {key: value}})


def write(batch: Batch) -> None:
    """Brings the batch to the database, as a whole or not at all. Blocking."""
    if batch.is_empty:
        return
    changed = {pk for pk, _ in batch.marks}.union(batch.cleared, batch.disabled, batch.windows)
    with transaction.atomic():
        if len(batch.keys_used) > 1:
            lock_rows(ClientKey.objects.filter(pk__in=batch.keys_used))
        _write_usage(ClientKey, batch.keys_used)
        if changed or len(batch.accounts_used) > 1:
            lock_accounts(changed.union(batch.accounts_used))
        for account in Account.objects.filter(pk__in=batch.cleared).order_by("pk"):
            account.clear_marks()
        for account in Account.objects.filter(pk__in=batch.disabled, enabled=True).order_by("pk"):
            account.disable(batch.disabled[account.pk], automatically=True)
        _write_marks(batch.marks)
        _write_windows(batch.windows)
        _write_usage(Account, batch.accounts_used)


def _write_usage(model: type[Account] | type[ClientKey], used: dict[int, float]) -> None:
    """The times of last use, in one statement for some hundreds of rows; a newer time is kept."""
    pks = sorted(used)
    for first in range(0, len(pks), _USED_AT_ONCE):
        some = pks[first : first + _USED_AT_ONCE]
        whens = [When(pk=pk, then=Value(_moment(used[pk]))) for pk in some]
        told = Case(*whens, output_field=DateTimeField())
        rows = model._default_manager.filter(pk__in=some)
        rows.filter(Q(last_used_at=None) | Q(last_used_at__lt=told)).update(last_used_at=told)


def _write_marks(marks: dict[tuple[int, str], KeptMark | None]) -> None:
    if not marks:
        return
    marked = {pk for pk, _ in marks}  # whose rows are locked: nobody else writes to their marks
    ended = datetime.now(UTC) - ENDED_FOR
    AccountMark.objects.filter(account_id__in=marked, until__lt=ended).delete()
    there = set(Account.objects.filter(pk__in=marked).values_list("pk", flat=True))
    for (pk, name), kept in sorted(marks.items(), key=lambda item: item[0]):
        model = stored_text(name, 200)
        if kept is None:
            AccountMark.objects.filter(account_id=pk, model=model).delete()
        elif pk in there:
            AccountMark.objects.update_or_create(
                account_id=pk,
                model=model,
                defaults={
                    "reason": stored_text(kept.reason, 200),
                    "status": kept.status,
                    "cause": kept.cause,
                    "until": _moment(kept.until),
                    "set_at": _moment(kept.set_at),
                },
            )
    Revision.raise_number(of_marks=True)


def _write_windows(windows: dict[int, tuple[Window, ...]]) -> None:
    if not windows:
        return
    for pk, seen in sorted(windows.items()):
        Account.objects.filter(pk=pk).update(quota_windows=[_plain(one) for one in seen])
    Revision.raise_number(of_marks=True)


def _plain(one: Window) -> dict[str, Any]:
    """As JSON that every database takes: a model's name comes from clients."""
    plain: dict[str, Any] = msgspec.to_builtins(one)
    return plain | {"name": stored_text(one.name), "model": stored_text(one.model)}


def _newest(window: Window) -> float:
    return -window.seen_at


def _moment(epoch_seconds: float) -> datetime:
    return datetime.fromtimestamp(epoch_seconds, UTC)
