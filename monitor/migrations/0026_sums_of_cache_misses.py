from django.db import migrations, models

from monitor.partitions.index_beside import AddIndexBeside, RemoveIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("monitor", "0025_used_by_attempt"),
    ]

    operations = [
        AddIndexBeside(
            model_name="requestlog",
            index=models.Index(
                condition=models.Q(("cache_miss__gt", "")),
                fields=[
                    "cache_miss",
                    "id",
                    "cache_miss_tokens",
                    "cache_miss_cost",
                    "is_simulated",
                    "replay_of",
                ],
                name="request_missed",
            ),
        ),
        RemoveIndexBeside(
            model_name="requestlog",
            name="request_cache_miss",
        ),
    ]
