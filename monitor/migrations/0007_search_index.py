"""The index of the history's words, and a mark from where on it is filled: older rows follow by themselves."""

import time
from typing import Any

from django.db import migrations, models

SQLITE = (
    "CREATE VIRTUAL TABLE monitor_searchindex USING fts5("
    "words, content='', tokenize='ascii', detail=none, columnsize=0, prefix='3')"
)
POSTGRESQL = (
    "CREATE TABLE monitor_searchindex (request_id varchar(32) PRIMARY KEY, words tsvector NOT NULL)",
    "CREATE INDEX monitor_searchindex_words ON monitor_searchindex USING gin (words)",
)


def make(apps: Any, schema_editor: Any) -> None:
    """Make the table, and mark the rows that are there as not yet in it."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(SQLITE)
    else:
        for statement in POSTGRESQL:
            schema_editor.execute(statement)
    if apps.get_model("monitor", "RequestLog").objects.exists():
        now = f"{int(time.time() * 1000):012x}" + "0" * 20
        apps.get_model("monitor", "SearchProgress").objects.create(indexed_from=now)


def drop(apps: Any, schema_editor: Any) -> None:
    """Remove the table."""
    schema_editor.execute("DROP TABLE monitor_searchindex")


class Migration(migrations.Migration):
    dependencies = [("monitor", "0006_simulated_exchanges")]

    operations = [
        migrations.CreateModel(
            name="SearchProgress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("indexed_from", models.CharField(max_length=32)),
            ],
            options={"verbose_name": "search index", "verbose_name_plural": "search index"},
        ),
        migrations.RunPython(make, drop),
    ]
