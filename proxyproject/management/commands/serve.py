"""``evenkeel serve``: the server, with what daphne itself does not do (proxyproject/serving/server.py)."""

import gc
import logging
import os
import socket
import sys
import threading
import time
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.module_loading import import_string

from proxyproject.data_directory import InUse, held
from proxyproject.own_command import own_command
from proxyproject.serving.door.descriptors import raise_limit
from proxyproject.serving.door.door_rules import DoorLimits, connections_for
from proxyproject.serving.lifecycle import FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS
from proxyproject.serving.listening import bind
from proxyproject.setup.link import SetupLink, needs_login

EVERY_ADDRESS = (("//0.0.0.0:", "//127.0.0.1:"), ("//[::]:", "//[::1]:"))
"""What a server listens on that listens everywhere, and where a browser beside it finds it."""

OBJECTS_AT_START = 200_000
"""How many more containers are made than freed before the garbage collector looks, until the server serves.

What is imported stays, and was looked through in vain again and again: a tenth of the start.
"""

THREADS_END_SECONDS = 10.0
"""How long threads of the executors have to end, once everything is stopped and flushed."""

FILES_OF_ANTIGRAVITY_TOOLS = ("accounts.json", "accounts", "gui_config.json", "token_stats.db")


class Command(BaseCommand):
    """Serve on one address with one or more processes until SIGTERM or Ctrl-C, then drain."""

    help = (
        "Serve the relay and its admin. SIGTERM or Ctrl-C lets running streams end; a second one does not. "
        "SQLite is for one `serve` at a time; several need PostgreSQL and Redis."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, and with how many processes."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument(
            "--port", type=int, default=8045, help="0 takes a free one (default: %(default)s)"
        )
        parser.add_argument("--workers", type=int, default=1, help="processes; more than 1 need REDIS_URL")
        parser.add_argument(
            "--fd", type=int, action="append", help=SUPPRESS
        )  # a worker: the sockets that its parent listens on

    def handle(self, *, host: str, port: int, workers: int, fd: list[int] | None, **options: Any) -> None:
        """Serve; raise CommandError when that is not possible."""
        gc.set_threshold(OBJECTS_AT_START)
        os.umask(0o077)  # the database and the logs are for this user's eyes
        if fd is not None:
            self._serve([socket.socket(fileno=one) for one in fd], lambda: None, sys.stdin.fileno())
            return
        if workers < 1:
            raise CommandError("--workers must be at least 1")
        if workers > 1 and not settings.REDIS_URL:
            raise CommandError(
                "--workers above 1 needs REDIS_URL: the processes tell each other of marks, signatures and "
                "live rows over Redis."
            )
        if is_postgresql():
            self._begin(host, port, workers)
            return
        try:
            with held(settings.DATA_DIR / "server.lock", waits=False):
                self._begin(host, port, workers)
        except InUse as other:
            raise CommandError(
                f"Another server ({other}) uses the data directory {settings.DATA_DIR}, and SQLite is for "
                "one: end that one first, or set PROXY_DATA_DIR. For several: PostgreSQL and Redis."
            ) from None

    def _begin(self, host: str, port: int, workers: int) -> None:
        self._migrate()
        invitation = new_setup_path() if needs_login() else ""
        listeners = [bound(host, port)]
        if pages_port := settings.ENVIRONMENT.proxy_pages_port:
            listeners.append(bound(settings.ENVIRONMENT.proxy_pages_host or host, pages_port))
        addresses = [listener.getsockname() for listener in listeners]
        if workers == 1:
            self._serve(listeners, lambda: self._announce(addresses, workers, invitation))
            return
        from proxyproject.serving.workers import Workers

        code = Workers(own_command("serve"), listeners, workers, settings.DATA_DIR).run(
            self._say, lambda: self._announce(addresses, workers, invitation)
        )
        if code:
            raise SystemExit(code)

    def _serve(
        self,
        listeners: Sequence[socket.socket],
        when_listening: Callable[[], None],
        lifeline: int | None = None,
    ) -> None:
        from proxyproject.serving.server import (
            Server,  # installs the reactor: before anything else imports it
        )

        server = Server(
            import_string(settings.ASGI_APPLICATION),
            listeners,
            door=door_limits(),
            lame_duck_seconds=settings.ENVIRONMENT.relay_lame_duck_seconds,
            drain_seconds=settings.ENVIRONMENT.relay_drain_seconds,
            when_listening=when_listening,
            page_origins=settings.CORS_ORIGINS,
            lifeline=lifeline,
        )
        server.run()
        if server.refusal:
            raise CommandError(server.refusal)
        leave_hung_threads()

    def _migrate(self) -> None:
        """Bring the embedded SQLite database up to date; of any other only say that it is not."""
        pending = self._pending_migrations()
        if not pending:
            return
        if is_postgresql():
            names = ", ".join(str(migration) for migration, _ in pending[:3])
            raise CommandError(
                f"{len(pending)} migrations are not applied ({names}, …): run `evenkeel migrate` first. "
                "Only the embedded SQLite database is migrated by itself."
            )
        self._say(f"Bringing the database up to date ({len(pending)} migrations) …")
        call_command("migrate", interactive=False, verbosity=0)
        self._say("The database is up to date.")

    def _pending_migrations(self) -> list[Any]:
        """What is not applied yet, once the database answers: a host may be up before it."""
        wait = FIRST_RETRY_SECONDS
        while True:
            try:
                executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
                return list(executor.migration_plan(executor.loader.graph.leaf_nodes()))
            except OperationalError as error:
                if not is_postgresql():
                    raise
                told = str(error).strip().splitlines()[0]
                self._say(f"The database does not answer, trying again in {wait:g} s: {told}")
                connections.close_all()
                time.sleep(wait)
                wait = min(wait * 2, LAST_RETRY_SECONDS)

    def _announce(self, addresses: Sequence[tuple[Any, ...]], workers: int, invitation: str) -> None:
        shown, *pages = [f"http://{f'[{a[0]}]' if ':' in a[0] else a[0]}:{a[1]}" for a in addresses]
        processes = f", {workers} processes" if workers > 1 else ""
        self._say(f"Data directory: {settings.DATA_DIR}")
        if found := files_of_antigravity_tools(settings.DATA_DIR):
            self._say(
                f"Files of Antigravity Tools are here too ({', '.join(found)}); they are left as they are. "
                f"Its accounts can be taken over: evenkeel import_accounts {settings.DATA_DIR}"
            )
        descriptors = raise_limit()
        room = f"room for {connections_for(descriptors)} connections ({descriptors} open files) each"
        room = room if workers > 1 else room.removesuffix(" each")
        for place in pages:
            self._say(f"The pages are on {place}/admin/, and not on the relay's port")
        self._say(f"Evenkeel {version('evenkeel')} listens on {shown}{processes}, {room}")
        if invitation:
            seen = (pages or [shown])[0]
            for every, own in EVERY_ADDRESS:
                seen = seen.replace(every, own)
            self._say(f"Admin: {seen}/admin/")
            self._say(f"No login yet. Make it here, once and within an hour: {seen}{invitation}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def bound(host: str, port: int) -> socket.socket:
    """A socket that has the address; CommandError when that is not possible."""
    try:
        return bind(host, port)
    except OSError as error:
        raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror or error}") from error


def leave_hung_threads() -> None:
    """End the process even where a thread hangs in a store: Python itself would wait for it for ever."""

    def leave() -> None:
        logging.getLogger(__name__).error("A thread does not end; the process is left without it")
        logging.shutdown()
        os._exit(1)

    watch = threading.Timer(THREADS_END_SECONDS, leave)
    watch.daemon = True
    watch.start()


def new_setup_path() -> str:
    """The path of a new set-up link."""
    return f"/setup/{SetupLink(settings.DATA_DIR).make(time.time())}/"


def is_postgresql() -> bool:
    """Whether the store is a PostgreSQL, and not the embedded SQLite."""
    return connections[DEFAULT_DB_ALIAS].vendor == "postgresql"


def files_of_antigravity_tools(directory: Path) -> list[str]:
    """Which files of the program that the data directory's place comes from lie in ``directory``."""
    return [name for name in FILES_OF_ANTIGRAVITY_TOOLS if (directory / name).exists()]


def door_limits() -> DoorLimits:
    """The limits at the door, as the operator set them."""
    told = settings.ENVIRONMENT
    return DoorLimits(
        header_seconds=told.proxy_header_timeout_seconds,
        idle_seconds=told.proxy_idle_connection_seconds,
        body_seconds=told.proxy_body_timeout_seconds,
        body_bytes_per_second=told.proxy_body_bytes_per_second,
        unread_seconds=told.proxy_unread_timeout_seconds,
        per_address=told.proxy_connections_per_address,
        held_body_bytes=told.proxy_held_body_bytes,
        max_body_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    )
