from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("relay", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="remembereditem",
            index=models.Index(fields=["session"], name="remembered_by_session"),
        ),
    ]
