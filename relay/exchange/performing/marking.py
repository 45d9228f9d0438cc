"""Hands to the pool what an account did. What upstream said of a credential says nothing of a newer one."""

from typing import Final

from accounts.pool.leases import Lease
from accounts.pool.pool import Pool
from accounts.snapshot import AccountView
from relay.engine.retrying.policy import EarnedMark

_OF_CREDENTIALS: Final = ("credential", "forbidden")


def mark_account(pool: Pool, account: int, model: str, mark: EarnedMark, lease: Lease | None) -> None:
    """Give ``account`` the mark that it earned; ``lease`` is the newest, on which hard ones were earned."""
    kind = mark.kind
    if kind == "soft":
        pool.mark_soft(account, model)
    elif kind in _OF_CREDENTIALS and lease is not None and is_replaced(pool, lease.account):
        return
    elif mark.status == 401:
        pool.note_unauthorized(account, model, lease.taken_at if lease is not None else 0.0)
    elif kind:
        pool.mark_hard(account, model, kind, mark.status, mark.reason, mark.told_seconds)


def disable_refused(pool: Pool, account: AccountView, reason: str) -> None:
    """The account's credential will not work any more: it is taken out of service, until it has another."""
    if not is_replaced(pool, account):
        pool.disable(account.id, reason)


def is_replaced(pool: Pool, account: AccountView) -> bool:
    """Has the operator entered another credential, or another address, since ``account`` was leased?"""
    state = pool.roster.state(account.id)
    if state is None:
        return False
    return (state.view.sealed, state.view.base_url) != (account.sealed, account.base_url)
