"""What of a row is stored and shown holds no secret, wherever a client may have put one."""

import msgspec

from monitor.pricing.price_list import PriceList
from monitor.store.upsert import finished
from tests.monitor.ledger.test_booking import ROW

SECRET = "abcdefghijklmnopqrstu1"
TOLD = f"sk-ant-api03-{SECRET}"


def test_each_text_of_a_row_is_masked() -> None:
    """Path, preview and error, and the names of a client's own fields, which stand in what was changed."""
    row = msgspec.structs.replace(
        ROW,
        path=f"/v1/messages?key={TOLD}",
        preview=f"my key is {TOLD}",
        error=f"no key {TOLD}",
        changes=("thinking off", f"not carried: {TOLD}"),
        agent_label=TOLD,
    )
    stored = finished(row, PriceList)
    assert SECRET not in str(stored)
    assert stored.changes[0] == "thinking off"
