"""A migration's new index of a divided table, made a partition at a time while others write; how one goes.

PostgreSQL makes no index ``CONCURRENTLY`` on a divided table, and without that word nobody writes until
all of it is there.
"""

from typing import Any

from django.db import ProgrammingError, migrations

from monitor.partitions.beside import is_divided, patiently
from monitor.partitions.tables import is_gone

_LENGTH = 63
"""Of a name, in bytes."""


class AddIndexBeside(migrations.AddIndex):
    """``AddIndex`` for a table that may lie in partitions; its migration is not ``atomic``.

    It may be broken off and begun again: what is there already is kept, and what is half made is made anew.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make the index where the store has none of that name; as SQL it is a plain ``CREATE INDEX``."""
        if schema_editor.collect_sql:  # sqlmigrate only prints
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        connection = schema_editor.connection
        if connection.vendor != "postgresql" or not is_divided(connection, model._meta.db_table):
            if not _has(connection, model._meta.db_table, self.index.name):
                super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(connection.alias, model):
            statement = str(self.index.create_sql(model, schema_editor))
            make(connection, model._meta.db_table, self.index.name, statement)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop the index where the store has one of that name."""
        table = from_state.apps.get_model(app_label, self.model_name)._meta.db_table
        if schema_editor.collect_sql or _has(schema_editor.connection, table, self.index.name):
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class RemoveIndexBeside(migrations.RemoveIndex):
    """``RemoveIndex`` for a table that may lie in partitions: its locks are taken when nobody holds them."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop the index where the store has one of that name."""
        table = from_state.apps.get_model(app_label, self.model_name)._meta.db_table
        connection = schema_editor.connection
        if schema_editor.collect_sql or (
            connection.vendor != "postgresql" and _has(connection, table, self.name)
        ):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif connection.vendor == "postgresql":
            statement = f'DROP INDEX IF EXISTS "{self.name}"'
            patiently(connection, lambda cursor: cursor.execute(statement))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make the index again, as ``AddIndexBeside`` does."""
        index = to_state.models[app_label, self.model_name].get_index_by_name(self.name)
        AddIndexBeside(self.model_name, index).database_forwards(
            app_label, schema_editor, from_state, to_state
        )


def make(connection: Any, table: str, name: str, statement: str) -> None:
    """Make the index ``name`` that ``statement`` makes, first for the table alone, then for each partition.

    A partition that is attached meanwhile gets its index from PostgreSQL.
    """
    only = statement.replace(f' ON "{table}" ', f' ON ONLY "{table}" ', 1)
    assert only != statement, statement
    if not _exists(connection, name):
        patiently(connection, lambda cursor: cursor.execute(only))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [name])
        how = cursor.fetchone()[0].partition(" USING ")[2]
    for partition in _without(connection, table, name):
        try:
            _make_for(connection, partition, name, how)
        except ProgrammingError as error:
            if not is_gone(error):
                raise


def _make_for(connection: Any, partition: str, name: str, how: str) -> None:
    own = f"{name[: _LENGTH - 1 - len(partition)]}_{partition}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{own}"')  # one that was broken off
        cursor.execute(f'CREATE INDEX CONCURRENTLY "{own}" ON "{partition}" USING {how}')
    patiently(connection, lambda cursor: cursor.execute(f'ALTER INDEX "{name}" ATTACH PARTITION "{own}"'))


def _without(connection: Any, table: str, index: str) -> list[str]:
    """The partitions that have no part of the index yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass AND NOT EXISTS ("
            " SELECT FROM pg_inherits AS part JOIN pg_index ON indexrelid = part.inhrelid"
            " WHERE part.inhparent = %s::regclass AND indrelid = pg_inherits.inhrelid) ORDER BY 1",
            [table, index],
        )
        return [name for (name,) in cursor.fetchall()]


def _has(connection: Any, table: str, index: str) -> bool:
    """Whether the table has that index, on each store."""
    with connection.cursor() as cursor:
        return index in connection.introspection.get_constraints(cursor, table)


def _exists(connection: Any, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        return bool(cursor.fetchone()[0])
