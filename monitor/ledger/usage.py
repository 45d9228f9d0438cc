"""What some hours of the ledger add up to. PURE."""

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What some hours of the ledger add up to; ``cost_units`` in 1e-10 dollars."""

    requests: int = 0
    unpriced: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    tokens_cache_write: int = 0
    cost_units: int = 0

    @property
    def tokens(self) -> int:
        """All of them: input, cached or not, and output."""
        return self.tokens_in + self.tokens_out + self.tokens_cached + self.tokens_cache_write
