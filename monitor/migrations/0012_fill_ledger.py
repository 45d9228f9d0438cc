# What was on record before there was a ledger goes into it: from the rows, and for hours whose rows retention has
# removed, from the hourly statistics.

# The rules stand here as they were then: what is changed in the ledger's code later changes nothing in here.

from collections import defaultdict
from datetime import UTC, datetime

from django.db import migrations
from django.db.models import F
from django.utils import timezone

TOKENS = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write")
AMOUNTS = ("requests", "unpriced", *TOKENS, "cost_units")
COUNTING_PATH = r"^[^?]*(?:/count_tokens|:countTokens)(?:\?|$)"
MOST = 10**12


def units_of(cost):
    return round(cost * 10**10) if cost is not None else 0


def hour_of(moment):
    offset = datetime.fromtimestamp(moment, UTC).astimezone(timezone.get_default_timezone()).utcoffset()
    shift = offset.total_seconds() if offset else 0.0
    return (moment + shift) // 3600 * 3600 - shift


def fill(apps, schema_editor):
    keys = dict(apps.get_model("accounts", "ClientKey").objects.values_list("name", "id"))
    rows, hours = apps.get_model("monitor", "RequestLog"), apps.get_model("monitor", "HourlyStatistic")
    ledger = apps.get_model("monitor", "LedgerHour")
    sums = defaultdict(lambda: [0] * len(AMOUNTS))

    def book(moment, key, name, account, model, amounts):
        cell = sums[key, hour_of(moment), name, account, model]
        for at, number in enumerate(amounts):
            cell[at] += number

    oldest = rows.objects.order_by("id").values_list("started_at", flat=True).first()
    whole_from = oldest.replace(minute=0, second=0, microsecond=0).timestamp() + 3600 if oldest else None
    found = rows.objects.filter(in_flight=False, is_simulated=False).exclude(path__regex=COUNTING_PATH)
    for row in found.values(
        "started_at",
        "client_key",
        "replay_of",
        "account",
        "cost",
        *TOKENS,
        model=F("mapped_model"),
        asked=F("client_model"),
    ).iterator(chunk_size=2000):
        moment, told = row["started_at"].timestamp(), [row[name] or 0 for name in TOKENS]
        tokens = [number if 0 <= number <= MOST else 0 for number in told]
        units = units_of(row["cost"])
        if moment >= whole_from and (any(tokens) or units):
            amounts = (1, 1 if row["cost"] is None else 0, *tokens, units)
            # A replay is the operator's: it bears the key's name, and spends nothing of the key.
            key = 0 if row["replay_of"] else keys.get(row["client_key"], 0)
            book(moment, key, row["client_key"], row["account"] or "", row["model"] or row["asked"], amounts)
    for row in hours.objects.values("hour", "client_key", "account", "model", "requests", "cost", *TOKENS):
        moment, tokens = row["hour"].timestamp(), [row[name] for name in TOKENS]
        units = units_of(row["cost"])
        if (whole_from is None or moment < whole_from) and (any(tokens) or units):
            amounts = (row["requests"], 0, *tokens, units)
            key = keys.get(row["client_key"], 0)
            book(moment, key, row["client_key"], row["account"], row["model"], amounts)
    ledger.objects.bulk_create(
        (
            ledger(
                key_id=key, hour=datetime.fromtimestamp(hour, UTC), client_key=name, account=account, model=model,
                **dict(zip(AMOUNTS, amounts, strict=True)),
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
