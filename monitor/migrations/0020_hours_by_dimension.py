# The statistics of hours, one dimension at a time, copied out of those by all dimensions at once. The rules stand here
# as they are now.

from itertools import islice

from django.db import migrations, models
from django.db.models import Q, Sum

DIMENSIONS = ("model", "account", "client_key", "outcome")
SUMS = (
    "requests",
    "healed",
    "retried",
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "tokens_cache_write",
    "cached_tokens_lost",
    "cost",
)
FAILURES = ("error", "interrupted", "unauthorized", "zero_tokens")
RESCUED = ("healed", "retried", "continued")
AT_ONCE = 500


def copy(apps, schema_editor):
    old, new = (apps.get_model("monitor", name) for name in ("HourlyStatistic", "HourStatistic"))
    sums = {f"{name}_sum": Sum(name) for name in SUMS}
    sums["failed_sum"] = Sum("requests", filter=Q(outcome__in=FAILURES), default=0)
    sums["rescued_sum"] = Sum("requests", filter=Q(outcome__in=RESCUED), default=0)
    for dimension in DIMENSIONS:
        groups = (
            old.objects.order_by().values("hour", dimension).annotate(**sums).iterator(chunk_size=AT_ONCE)
        )
        while some := list(islice(groups, AT_ONCE)):
            new.objects.bulk_create(
                [
                    new(
                        hour=group["hour"],
                        dimension=dimension,
                        value=group[dimension],
                        **{name: group[f"{name}_sum"] for name in (*SUMS, "failed", "rescued")},
                    )
                    for group in some
                ],
                batch_size=50,
            )


class Migration(migrations.Migration):
    dependencies = [
        ("monitor", "0019_estimated_tokens"),
    ]

    operations = [
        migrations.CreateModel(
            name="HourStatistic",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("dimension", models.CharField(max_length=16, verbose_name="dimension")),
                ("value", models.CharField(max_length=254, verbose_name="value")),
                ("requests", models.BigIntegerField(verbose_name="requests")),
                ("failed", models.BigIntegerField(verbose_name="failed")),
                ("rescued", models.BigIntegerField(default=0, verbose_name="rescued")),
                ("healed", models.BigIntegerField(verbose_name="healed")),
                ("retried", models.BigIntegerField(verbose_name="retried")),
                ("tokens_in", models.BigIntegerField(verbose_name="tokens in")),
                ("tokens_out", models.BigIntegerField(verbose_name="tokens out")),
                ("tokens_cached", models.BigIntegerField(verbose_name="cached tokens")),
                ("tokens_cache_write", models.BigIntegerField(verbose_name="tokens written to the cache")),
                ("cached_tokens_lost", models.BigIntegerField(verbose_name="cached tokens lost")),
                ("cost", models.DecimalField(decimal_places=10, max_digits=20, verbose_name="cost (US$)")),
                ("hour", models.DateTimeField(verbose_name="hour")),
            ],
            options={
                "verbose_name": "hourly statistic",
                "verbose_name_plural": "hourly statistics",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("hour", "dimension", "value"), name="one_hour_statistic_of_its_kind"
                    )
                ],
            },
        ),
        migrations.RunPython(copy, migrations.RunPython.noop),
    ]
