"""``evenkeel demo``: the server with the simulator behind it, a login, a key, and requests to look at."""

import io
import os
import signal
import subprocess
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from proxyproject.data_directory import InUse, held
from proxyproject.demo.samples import HEALED, LIMITED, SAMPLES, Sent, send, send_all
from proxyproject.demo.world import PACE, USER, DemoLogin, demo_login, has_real_accounts, make_world
from proxyproject.own_command import own_command
from proxyproject.serving.listening import is_free
from relay.simulator.thread import SimulatorThread

START_SECONDS = 60.0


class Command(BaseCommand):
    """Makes the world, starts both servers, sends the samples, says how to look, and serves until stopped."""

    help = "Try Evenkeel without any upstream account: a simulated upstream, broken on purpose."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to serve."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8045)
        parser.add_argument("--once", action="store_true", help="end after the first healed answer")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve the demo; raise CommandError before anything is changed where that is not possible."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C: the server ends too
        try:
            with held(settings.DATA_DIR / "demo.lock", waits=False):
                with held(settings.DATA_DIR / "server.lock", waits=False):
                    pass  # a server that runs here would lose its accounts to this demo's
                self._demonstrate(**options)
        except InUse as other:
            raise CommandError(
                f"A demo or server runs already on {settings.DATA_DIR} ({other}): look at that one, end it "
                "first, or name another directory in PROXY_DATA_DIR."
            ) from None

    def _demonstrate(self, **options: Any) -> None:
        if options["port"] and not is_free(options["host"], options["port"]):
            raise CommandError(
                f"Something listens on {options['host']}:{options['port']} already: end it first, or name "
                "another port with --port."
            )
        self.stdout.write("Making the demo ready: its database, its simulated upstream, its server …")
        self.stdout.flush()
        call_command("migrate", verbosity=0)
        if has_real_accounts():
            raise CommandError(
                f"{settings.DATA_DIR} (or its database) holds accounts that are not the demo's: the demo "
                "leaves it alone. Name another directory in PROXY_DATA_DIR, and unset DATABASE_URL."
            )
        login = demo_login(settings.DATA_DIR)
        with SimulatorThread(shape=PACE) as simulator:
            make_world(login, simulator.base_url)
            seen = "127.0.0.1" if options["host"] == "0.0.0.0" else options["host"]  # noqa: S104  compared only
            base_url = f"http://{seen}:{options['port']}"
            console = settings.DATA_DIR / "logs" / "console.txt"
            server = _serve(options["host"], options["port"], console)
            try:
                _wait_until_ready(server, base_url, console)
                if options["once"]:
                    self._heal_once(base_url, login)
                    return
                self._say_how_to_look(base_url, login)
                self._send_samples(base_url, login)
                server.wait()
            except KeyboardInterrupt:
                self.stdout.write("")
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait()

    def _heal_once(self, base_url: str, login: DemoLogin) -> None:
        sent = send(HEALED, base_url, login.client_key)
        if sent.status != 200 or sent.attempts != "2":
            raise CommandError(f"the sample was not healed: {sent.status}, {sent.attempts} attempts")
        self.stdout.write(
            f"Healed: {sent.sample.title} ({sent.attempts} attempts, request {sent.request_id})"
        )

    def _send_samples(self, base_url: str, login: DemoLogin) -> None:
        self.stdout.write(
            f"A first round of requests, some broken on purpose: watch it on {base_url}/monitor/live/"
        )
        for sent in send_all(SAMPLES, base_url, login.client_key):
            self._say(sent)
        call_command("clear_cooldowns", enable=True, verbosity=0, stdout=io.StringIO())
        self._say(send(LIMITED, base_url, login.client_key))
        self.stdout.write("That was the first round; the server goes on. Ctrl-C ends it.")

    def _say(self, sent: Sent) -> None:
        attempts = "1 attempt " if sent.attempts == "1" else f"{sent.attempts} attempts"
        self.stdout.write(f"  {sent.status}  {attempts:>10}  {sent.sample.title}")
        self.stdout.flush()

    def _say_how_to_look(self, base_url: str, login: DemoLogin) -> None:
        log = settings.DATA_DIR / "logs" / "app.log"
        self.stdout.write(
            f"""
Admin     {base_url}/admin/   {USER} / {login.password}
Key       {login.client_key}
Log       {log}
Stream    curl -N {base_url}/v1/messages -H "x-api-key: {login.client_key}" -H "anthropic-version: 2023-06-01" \\
            -d '{{"model": "claude-sonnet-4-6", "max_tokens": 256, "stream": true, "messages": [{{"role": "user", "content": "Hello. [fault: empty, ok]"}}]}}'

A prompt that holds [fault: NAME] is broken on purpose: stop_empty, cut@3, quota_exhausted, refused_signature …
All of them, and what the client receives: {base_url}/monitor/faultlab/
"""  # noqa: E501  a command to copy stays on one line
        )


def _serve(host: str, port: int, console: Path) -> subprocess.Popen[bytes]:
    """The real server, its retries waiting a tenth of their time; what it logs is not mixed with the list."""
    environment = {"RELAY_BACKOFF_SCALE": "0.1", **os.environ}
    command = own_command("serve", "--host", host, "--port", str(port))
    console.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with console.open("wb") as log:
        return subprocess.Popen(command, env=environment, stderr=log)  # noqa: S603  our own command


def _wait_until_ready(server: subprocess.Popen[bytes], base_url: str, console: Path) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at:
        if server.poll() is not None:
            raise CommandError(f"The server did not start:\n{console.read_text(errors='replace')[-2000:]}")
        try:
            if httpx.get(f"{base_url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise CommandError(f"The server was not ready within {START_SECONDS:g} s.")
