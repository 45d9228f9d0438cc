# What was on record before there was a ledger goes into it: from the rows, and for hours whose rows retention has
# removed, from the hourly statistics.

from collections import defaultdict
from datetime import UTC, datetime

from django.db import migrations
from django.db.models import F, Q

from monitor.ledger.booking import Amounts, units_of
from monitor.ledger.hours import hour_of

TOKENS = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write")


def fill(apps, schema_editor):
    keys = dict(apps.get_model("accounts", "ClientKey").objects.values_list("name", "id"))
    rows, hours = apps.get_model("monitor", "RequestLog"), apps.get_model("monitor", "HourlyStatistic")
    ledger = apps.get_model("monitor", "LedgerHour")
    sums = defaultdict(lambda: [0] * len(Amounts._fields))

    def book(moment, name, account, model, amounts):
        cell = sums[keys.get(name, 0), hour_of(moment), name, account, model]
        for at, number in enumerate(amounts):
            cell[at] += number

    oldest = rows.objects.order_by("id").values_list("started_at", flat=True).first()
    whole_from = oldest.replace(minute=0, second=0, microsecond=0).timestamp() + 3600 if oldest else None
    counted = Q(path__contains="/count_tokens") | Q(path__contains=":countTokens")
    found = rows.objects.filter(in_flight=False, is_simulated=False).exclude(counted)
    for row in found.values(
        "started_at",
        "client_key",
        "account",
        "cost",
        *TOKENS,
        model=F("mapped_model"),
        asked=F("client_model"),
    ).iterator(chunk_size=2000):
        moment, tokens = row["started_at"].timestamp(), [row[name] or 0 for name in TOKENS]
        units = units_of(row["cost"])
        if moment >= whole_from and (any(tokens) or units):
            amounts = (1, 1 if row["cost"] is None else 0, *tokens, units)
            book(moment, row["client_key"], row["account"] or "", row["model"] or row["asked"], amounts)
    for row in hours.objects.values("hour", "client_key", "account", "model", "requests", "cost", *TOKENS):
        moment, tokens = row["hour"].timestamp(), [row[name] for name in TOKENS]
        units = units_of(row["cost"])
        if (whole_from is None or moment < whole_from) and (any(tokens) or units):
            amounts = (row["requests"], 0, *tokens, units)
            book(moment, row["client_key"], row["account"], row["model"], amounts)
    ledger.objects.bulk_create(
        (
            ledger(
                key_id=key, hour=datetime.fromtimestamp(hour, UTC), client_key=name, account=account, model=model,
                **Amounts(*amounts)._asdict(),
            )
            for (key, hour, name, account, model), amounts in sums.items()
        ),
        batch_size=50,
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_key_limits"),
        ("monitor", "0011_ledger"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
