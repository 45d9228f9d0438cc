"""What an exchange cost, by the price table of ``genai-prices``.

The table is loaded on first use, for it takes a tenth of a second: call this from the writer's thread.
"""

import functools
from datetime import UTC, datetime
from decimal import Decimal

from monitor.records import RequestRecord

SMALLEST = Decimal("1e-10")


def cost_of(record: RequestRecord) -> Decimal | None:
    """The price in US dollars of what upstream has counted; None when model or tokens are unknown."""
    if record.mapped_model is None or record.tokens_in is None or record.tokens_out is None:
        return None
    if not _has_price(record.mapped_model):
        return None
    from genai_prices import Usage, calc_price

    cached, cache_write = record.tokens_cached or 0, record.tokens_cache_write or 0
    usage = Usage(
        input_tokens=record.tokens_in + cached + cache_write,  # there the whole input, of which:
        cache_read_tokens=cached,
        cache_write_tokens=cache_write,
        output_tokens=record.tokens_out,
    )
    when = datetime.fromtimestamp(record.started_at, UTC)
    price = calc_price(usage, record.mapped_model, genai_request_timestamp=when)
    return price.total_price.quantize(SMALLEST)


@functools.lru_cache(maxsize=1024)
def _has_price(model: str) -> bool:
    """Whether the table knows the model: it takes longer to find that it does not than to tell a price."""
    from genai_prices import Usage, calc_price

    try:
        calc_price(Usage(input_tokens=1, output_tokens=1), model)
    except LookupError:
        return False
    return True


def load_prices() -> None:
    """Load the table now, at a time of the caller's choosing."""
    _has_price("")
