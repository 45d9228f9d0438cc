# ruff: noqa: S608  the names are ours, and PostgreSQL's own of their columns
"""On PostgreSQL the rows of exchanges lie in partitions by time; what is there becomes the first of them.

It runs beside a server of the version before, which goes on with the new tables. A table is locked three
times, for milliseconds each: for a check of its ids that is not looked at yet, for the swap, and where there
are strays. The rows are read in between, under a lock that lets others read and write. Each step may be
broken off and begun again. The rules stand here as they are now.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import migrations

from monitor.partitions.beside import is_divided, patiently

KEYS = {
    "monitor_requestlog": "id",
    "monitor_attemptlog": "request_id",
    "monitor_body": "request_id",
    "monitor_searchindex": "request_id",
}
GRACE_DAYS = 8
"""So far ahead the first partition reaches: who breaks this off has a week to begin again, for until then a
check may stand that refuses rows from that day on."""


def divide(apps: Any, schema_editor: Any) -> None:
    """Divide the tables that are not divided yet."""
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=GRACE_DAYS)
    until = f"{int(day.timestamp() * 1000):012x}" + "0" * 20
    for table, key in KEYS.items():
        if not is_divided(connection, table):
            _divide(connection, table, key, until)


def _divide(connection: Any, table: str, key: str, until: str) -> None:
    check = f"{table}_before"
    try:
        patiently(connection, lambda cursor: _prepare(cursor, table, key, until))
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}")
        patiently(connection, lambda cursor: _swap(cursor, table, key, until))
    except BaseException:
        if not is_divided(connection, table):
            statement = f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {check}"
            patiently(connection, lambda cursor: cursor.execute(statement))
        raise


def _prepare(cursor: Any, table: str, key: str, until: str) -> None:
    """From now on no row comes whose id is beyond ``until``; those that are there wait in the default partition."""
    cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_before")
    cursor.execute(f"CREATE TABLE IF NOT EXISTS {table}_default ({_like(table)})")
    cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_before CHECK ({key} < '{until}') NOT VALID")
    columns = _columns(cursor, table)
    cursor.execute(
        f"WITH strays AS (DELETE FROM {table} WHERE {key} >= '{until}' RETURNING *)"
        f" INSERT INTO {table}_default ({columns}) SELECT {columns} FROM strays"
    )


def _swap(cursor: Any, table: str, key: str, until: str) -> None:
    """A divided table takes the name and the indexes; the old one becomes its first partition, or goes if empty."""
    old = f"{table}_before"
    cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    indexes = _indexes(cursor, table)
    numbers = _sequence(cursor, table)
    cursor.execute(f"ALTER TABLE {table} RENAME TO {old}")
    for name, *_ in indexes:
        cursor.execute(f'ALTER INDEX "{name}" RENAME TO "{name[:56]}_before"')
    if numbers is not None:
        cursor.execute(f"ALTER TABLE {old} ALTER COLUMN id DROP IDENTITY")
    cursor.execute(f"CREATE TABLE {table} ({_like(old)}) PARTITION BY RANGE ({key})")
    cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_before")
    if numbers is not None:
        cursor.execute(f"CREATE SEQUENCE {table}_id_seq OWNED BY {table}.id")
        cursor.execute(f"SELECT setval('{table}_id_seq', %s, %s)", numbers)
        cursor.execute(f"ALTER TABLE {table} ALTER COLUMN id SET DEFAULT nextval('{table}_id_seq')")
    for name, definition, constraint in indexes:
        if constraint is None:
            cursor.execute(definition)
        elif "(id)" not in constraint or key == "id":  # a key of a divided table holds what it is divided by
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {constraint}')
    cursor.execute(f"SELECT EXISTS (SELECT FROM {old})")
    if cursor.fetchone()[0]:
        cursor.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {old} FOR VALUES FROM (MINVALUE) TO ('{until}')"
        )
        cursor.execute(f"ALTER TABLE {old} DROP CONSTRAINT {table}_before")
    else:
        cursor.execute(f"DROP TABLE {old}")
    cursor.execute(f"ALTER TABLE {table} ATTACH PARTITION {table}_default DEFAULT")


def _like(table: str) -> str:
    return f"LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE"


def _columns(cursor: Any, table: str) -> str:
    """Those that can be written."""
    cursor.execute(
        "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [table],
    )
    return str(cursor.fetchone()[0])


def _indexes(cursor: Any, table: str) -> list[tuple[str, str, str | None]]:
    """The name of each index, what makes it, and of a constraint's index what makes that."""
    cursor.execute(
        "SELECT relname, pg_get_indexdef(indexrelid), pg_get_constraintdef(pg_constraint.oid)"
        " FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
        " LEFT JOIN pg_constraint ON conindid = indexrelid AND contype IN ('p', 'u')"
        " WHERE indrelid = %s::regclass",
        [table],
    )
    return list(cursor.fetchall())


def _sequence(cursor: Any, table: str) -> tuple[int, bool] | None:
    """How far the numbers of the column ``id`` are; None where it has none."""
    cursor.execute(
        "SELECT pg_get_serial_sequence(%s, 'id') FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attname = 'id' AND attidentity <> ''",
        [table, table],
    )
    if (found := cursor.fetchone()) is None:
        return None
    cursor.execute(f"SELECT last_value, is_called FROM {found[0]}")
    number, is_called = cursor.fetchone()
    return number, is_called


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("monitor", "0022_why_the_cache_missed")]

    operations = [migrations.RunPython(divide, migrations.RunPython.noop)]
