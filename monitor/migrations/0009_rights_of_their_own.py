# Reading bodies and exporting become rights of their own. Whoever could see requests could do both until now,
# and keeps both.

from django.db import migrations

RIGHTS = {
    "view_bodies": "Can read what was asked and answered",
    "export_requestlog": "Can export requests",
}


def keep_what_one_had(apps, schema_editor):
    # Permissions are made after all migrations, so what is given here has to be made here.
    permissions = apps.get_model("auth", "Permission").objects
    had = permissions.filter(content_type__app_label="monitor", codename="view_requestlog").first()
    if had is None:
        return
    given = [
        permissions.get_or_create(
            content_type_id=had.content_type_id, codename=codename, defaults={"name": name}
        )[0]
        for codename, name in RIGHTS.items()
    ]
    for group in had.group_set.all():
        group.permissions.add(*given)
    for user in had.user_set.all():
        user.user_permissions.add(*given)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("monitor", "0008_daily_statistics"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="requestlog",
            options={
                "ordering": ["-id"],
                "permissions": list(RIGHTS.items()),
                "verbose_name": "request",
                "verbose_name_plural": "requests",
            },
        ),
        migrations.RunPython(keep_what_one_had, migrations.RunPython.noop),
    ]
