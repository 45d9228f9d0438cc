"""Installs other proxies, and runs the campaign against them and against our own server.

Each is installed by its package's name into a folder of its own under ``--folder``, never beside ours,
listens on 127.0.0.1 with the simulator as its upstream, and is ended afterwards.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("PROXY_DATA_DIR", tempfile.mkdtemp(prefix="evenkeel-peers-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proxyproject.settings")

from msgspec.structs import replace

from proxyproject.faultlab.world import ENVIRONMENT, KEY, lab_world
from relay.simulator.thread import SimulatorThread
from tests.soak.client import Target, ask_all
from tests.soak.other_proxies.against import CLIENT_SECONDS, Outcome, against, details, shares
from tests.soak.other_proxies.peers import PEERS, TIMEOUT_SECONDS, Pairing, Peer
from tests.soak.plan import Exchange, accounts, campaign

START_SECONDS = 300
OURS = "evenkeel"
_TIMEOUTS = ("RELAY_PEEK_TIMEOUT_SECONDS", "RELAY_IDLE_TIMEOUT_SECONDS", "RELAY_THINKING_TIMEOUT_SECONDS")


def install(peer: Peer, folder: Path) -> None:
    """Into ``folder``, unless it is there. CalledProcessError when it cannot be had."""
    if peer.kind == "system" or folder.exists():
        return
    folder.mkdir(parents=True)
    if peer.kind == "pip":
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", peer.package], check=True)
    else:
        (folder / "package.json").write_text(json.dumps({"overrides": dict(peer.pins)}))
        command = ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", peer.package]
        subprocess.run(command, check=True)


def version(peer: Peer, folder: Path) -> str:
    """What it says of itself, in one line."""
    command = [part.format(folder=folder) for part in peer.version]
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(peer, folder, "", 0))
    lines = (done.stdout + done.stderr).splitlines()
    return next((line for line in lines if any(c.isdigit() for c in line)), "unknown").strip()


@contextmanager
def running(peer: Peer, folder: Path, upstream: str, pairing: Pairing) -> Iterator[str]:
    """The base URL of ``peer``, which asks ``upstream``. RuntimeError when it does not start."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name, text in peer.files(upstream, port, pairing).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    command = [part.format(folder=folder, port=port, upstream=upstream) for part in peer.command]
    with (folder / "output.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(peer, folder, upstream, port),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(peer: Peer, folder: Path, upstream: str, port: int) -> dict[str, str]:
    own = {
        name: value.format(folder=folder, port=port, upstream=upstream)
        for name, value in peer.environment.items()
    }
    return {"PATH": os.environ["PATH"], "HOME": str(folder)} | own


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"it does not listen on {port}; see its output.log")


def campaign_of(pairing: Pairing, asked: argparse.Namespace) -> list[Exchange]:
    """The exchanges of one pairing: the same for whoever relays it."""
    forms, upstreams = (pairing.form,), (pairing.upstream,)
    return campaign(asked.seed, asked.exchanges, asked.collected, asked.leaving, forms, upstreams)


def run_peer(name: str, peer: Peer, folder: Path, asked: argparse.Namespace) -> Iterator[Outcome]:
    """One outcome for each of its pairings, on a server that was started for it."""
    for pairing in peer.pairings:
        if not _is_asked(pairing, asked):
            continue
        with SimulatorThread() as simulator, running(peer, folder, simulator.base_url, pairing) as base_url:
            headers = {k: v.replace("{upstream}", simulator.base_url) for k, v in pairing.headers.items()}
            target = Target(base_url + pairing.prefix, headers, pairing.model, CLIENT_SECONDS)
            exchanges = campaign_of(pairing, asked)
            first = replace(exchanges[0], number=len(exchanges), strikes=(), leaves_after_bytes=None)
            asyncio.run(
                ask_all(replace(target, client_seconds=START_SECONDS), [first], 1)
            )  # it may load late
            yield against(_label(name, pairing), target, exchanges, asked.concurrency)


def run_ours(pairings: Sequence[Pairing], asked: argparse.Namespace) -> Iterator[Outcome]:
    """The same for our own server."""
    for pairing in pairings:
        exchanges = campaign_of(pairing, asked)
        environment = ENVIRONMENT | dict.fromkeys(_TIMEOUTS, str(TIMEOUT_SECONDS))
        with lab_world(accounts(exchanges), environment) as lab:
            target = Target(lab.base_url, {"x-api-key": KEY}, client_seconds=CLIENT_SECONDS)
            yield against(_label(OURS, pairing), target, exchanges, asked.concurrency)


def _label(name: str, pairing: Pairing) -> str:
    return f"{name}, {pairing.form} → {pairing.upstream}"


def _is_asked(pairing: Pairing, asked: argparse.Namespace) -> bool:
    return not asked.pairing or f"{pairing.form}-{pairing.upstream}" in asked.pairing


def main() -> int:
    """Returns the exit code: 1 when one could not be installed or started."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.other_proxies.peer_run", description=__doc__)
    parser.add_argument("peer", nargs="*", default=[*PEERS, OURS], help=f"of {', '.join(PEERS)}, {OURS}")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "evenkeel-peers")
    parser.add_argument("--pairing", action="append", default=[], help="only this, e.g. anthropic-gemini")
    parser.add_argument("--exchanges", type=int, default=2_000, help="streamed ones of a pairing (2000)")
    parser.add_argument("--collected", type=int, default=200, help="and collected ones (200)")
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leaving", type=float, default=0.05, help="share of clients that go (0.05)")
    parser.add_argument("--details", action="store_true", help="each one's table by fault, and examples")
    asked = parser.parse_args()
    rows: dict[str, Counter[str]] = {}
    failed = 0
    for name in asked.peer:
        peer = PEERS.get(name)
        try:
            if peer is None:
                every = {(p.form, p.upstream): p for known in PEERS.values() for p in known.pairings}
                outcomes = run_ours([p for p in every.values() if _is_asked(p, asked)], asked)
            else:
                folder = asked.folder / name
                install(peer, folder)
                folder.mkdir(parents=True, exist_ok=True)
                print(f"{name}: {version(peer, folder)}; {peer.says}", flush=True)
                outcomes = run_peer(name, peer, folder, asked)
            for outcome in outcomes:
                rows[outcome.name] = outcome.counts
                unharmed = dict(outcome.by_fault.get("(none)", {}))
                print(f"{outcome.name}: {outcome.seconds:.0f} s, without a fault {unharmed}", flush=True)
                if asked.details:
                    print(details(outcome, 3), flush=True)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            failed += 1
            print(f"{name}: {error}", flush=True)
    print(shares(rows))
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
