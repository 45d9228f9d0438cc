from django.db import migrations, models

from monitor.partitions.index_beside import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("monitor", "0023_partitions_by_day"),
    ]

    operations = [
        AddIndexBeside(
            model_name="attemptlog",
            index=models.Index(
                condition=models.Q(("upstream_request_id__isnull", False)),
                fields=["upstream_request_id"],
                name="attempt_upstream_request_id",
            ),
        ),
    ]
