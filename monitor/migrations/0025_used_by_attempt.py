from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("monitor", "0024_ids_of_upstream"),
    ]

    operations = [
        migrations.AddField(
            model_name="requestlog",
            name="used_by_attempt",
            field=models.JSONField(null=True, verbose_name="used by each attempt"),
        ),
    ]
