# What was removed before is told by the oldest exchange, where the statistics have hours from before it.

from datetime import UTC, datetime

from django.db import migrations, models

from monitor.record.request_id import first_request_id, milliseconds_of


def note_what_was_removed(apps, schema_editor):
    rows, hours = apps.get_model("monitor", "RequestLog"), apps.get_model("monitor", "HourStatistic")
    counted = hours.objects.order_by("hour").values_list("hour", flat=True)
    first, last = counted.first(), counted.last()
    if first is None:
        return
    # An id that was made by hand may tell of no moment at all: from the first counted hour on they do.
    begin = first_request_id(max(int(first.timestamp() * 1000), 0))
    oldest = rows.objects.filter(id__gte=begin).order_by("id").values_list("id", flat=True).first()
    until = last if oldest is None else datetime.fromtimestamp(milliseconds_of(oldest) / 1000, UTC)
    if (until - first).total_seconds() >= 3600:
        apps.get_model("monitor", "RemovedHistory").objects.create(pk=1, until=until)


class Migration(migrations.Migration):
    dependencies = [
        ("monitor", "0027_changes_of_statistics"),
    ]

    operations = [
        migrations.CreateModel(
            name="RemovedHistory",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.RunPython(note_what_was_removed, migrations.RunPython.noop),
    ]
