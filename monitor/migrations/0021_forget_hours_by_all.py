# The table of before stays for processes of the version before, which go on with it until they are restarted.

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("monitor", "0020_hours_by_dimension"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel(name="HourlyStatistic")]
        ),
    ]
