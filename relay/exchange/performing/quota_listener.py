"""What answers tell of their accounts' quotas, on its way to the pool."""

from collections.abc import Mapping

from accounts.pool.pool import Pool
from accounts.snapshot import AccountView
from relay.dialects.quotas.told_quotas import told_in_headers, told_in_refusal


class QuotaListener:
    """Hears of each answer (``relay.upstream.client.Heard``)."""

    def __init__(self, pool: Pool) -> None:
        """``pool`` is told."""
        self._pool = pool

    def __call__(self, account: AccountView, model: str, headers: Mapping[str, str], body: bytes) -> None:
        """What headers tell, or the body of a refusal."""
        now = self._pool.now()
        windows = told_in_refusal(body, model, now) if body else told_in_headers(headers, model, now)
        if windows:
            self._pool.note_quota(account.id, windows)
