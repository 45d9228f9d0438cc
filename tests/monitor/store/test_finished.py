"""What of a row is stored and shown holds no secret, wherever a client may have put one."""

import msgspec
from pytest_django.fixtures import Settings as SettingsWrapper

from monitor.history.listing.keyset import records_by_id
from monitor.history.shown_records import with_shown_accounts
from monitor.models import RequestLog
from monitor.pricing.price_list import PriceList
from monitor.record.attempt_use import AttemptUse
from monitor.store.upsert import finished, upsert
from tests.monitor.ledger.test_booking import ROW

SECRET = "abcdefghijklmnopqrstu1"
TOLD = f"sk-ant-api03-{SECRET}"


def test_each_text_of_a_row_is_masked() -> None:
    """Path, preview and error, and the names of fields, which stand in what was changed and in the facts."""
    row = msgspec.structs.replace(
        ROW,
        path=f"/v1/messages?key={TOLD}",
        preview=f"my key is {TOLD}",
        error=f"no key {TOLD}",
        changes=("thinking off", f"not carried: {TOLD}"),
        agent_label=TOLD,
        diagnostics={"bent": f"field {TOLD}", "peeked_ms": 3},
    )
    stored = finished(row, PriceList)
    assert stored.diagnostics["peeked_ms"] == 3
    assert SECRET not in str(stored)
    assert stored.changes[0] == "thinking off"


def test_each_text_of_an_attempts_use_is_masked_as_the_rows_are(
    store: str, settings: SettingsWrapper
) -> None:
    """Who drew its pictures is a text of a client's or upstream's; an address in it is hidden too."""
    drew = {"drawn_image_out": 5, "drawn_by": f"{TOLD} of ada@example.com"}
    use = AttemptUse(number=1, account="ada@example.com", model="m", tokens_in=7, diagnostics=drew)
    upsert([msgspec.structs.replace(ROW, diagnostics=drew, used_by_attempt=(use,))])
    [row] = records_by_id([ROW.id])
    assert SECRET not in str(RequestLog.objects.values().get())
    assert [dict(one.diagnostics) for one in row.used_by_attempt or ()] == [row.diagnostics]
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"proxy_mask_emails": True})
    shown, _ = with_shown_accounts(row, [])
    assert "ada@" not in str(shown)
    assert [dict(one.diagnostics) for one in shown.used_by_attempt or ()] == [shown.diagnostics]
