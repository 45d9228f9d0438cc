"""Makes the role and the database that ``DATABASE_URL`` names, by the rights of another user. Blocking."""

from collections.abc import Iterator

import psycopg
from psycopg import errors, sql

from proxyproject.postgresql.patience import TOLD_SERVER


def create(
    admin: "psycopg.Connection[tuple[object, ...]]", role: str, password: str, name: str
) -> Iterator[str]:
    """Do what is missing, and say each thing that was done or was there; raises psycopg.Error.

    ``admin`` commits each statement by itself and may make roles and databases. What is there is left as it
    is, the password of a role too. The server is told the password as a SCRAM verifier, as its log may show
    statements.
    """
    if _is_there(admin, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
        yield f"The role {role} is there already; its password is left as it is."
    else:
        yield _create_role(admin, role, password)
    for setting, value in TOLD_SERVER.items():
        told = sql.SQL("ALTER ROLE {} SET {} = {}")
        admin.execute(told.format(sql.Identifier(role), sql.Identifier(setting), sql.Literal(value)))
    yield f"The sessions of {role} end when their client is frozen or gone."
    if _is_there(admin, "SELECT 1 FROM pg_database WHERE datname = %s", name):
        yield f"The database {name} is there already."
    else:
        yield _create_database(admin, role, name)


def _create_role(admin: "psycopg.Connection[tuple[object, ...]]", role: str, password: str) -> str:
    made = sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role))
    if password:
        verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        made += sql.SQL(" PASSWORD {}").format(sql.Literal(verifier.decode()))
    try:
        admin.execute(made)
    except errors.DuplicateObject:
        return f"The role {role} was made by somebody else just now."
    return f"Made the role {role}" + ("." if password else ", without a password.")


def _create_database(admin: "psycopg.Connection[tuple[object, ...]]", role: str, name: str) -> str:
    right = "SET" if admin.info.server_version >= 160_000 else "MEMBER"
    if not _is_there(admin, f"SELECT 1 WHERE pg_has_role(current_user, %s, '{right}')", role):
        # A database is given only to a role that one can become.
        admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
    made = sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0")
    try:
        admin.execute(made.format(sql.Identifier(name), sql.Identifier(role)))
    except errors.DuplicateDatabase:
        return f"The database {name} was made by somebody else just now."
    return f"Made the database {name}, which belongs to {role}."


def _is_there(admin: "psycopg.Connection[tuple[object, ...]]", query: str, parameter: str) -> bool:
    return admin.execute(query, [parameter]).fetchone() is not None
