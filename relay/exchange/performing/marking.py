"""Hands the engine's marks on accounts to the pool."""

from accounts.pool.pool import Pool
from relay.engine.retrying.policy import EarnedMark


def mark_account(pool: Pool, account: int, model: str, mark: EarnedMark, taken_at: float) -> None:
    """Give ``account`` the mark that it earned; ``taken_at`` (epoch seconds) is when it was leased."""
    kind = mark.kind
    if kind == "soft":
        pool.mark_soft(account, model)
    elif mark.status == 401:
        pool.note_unauthorized(account, model, taken_at)
    elif kind:
        pool.mark_hard(account, model, kind, mark.status, mark.reason, mark.told_seconds)
