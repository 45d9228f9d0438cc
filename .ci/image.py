"""Build the Docker image without a daemon and without a registry, start it, and ask it whether it is well.

Buildah builds the Dockerfile as it stands, in a chroot; ``python:3.11-slim`` is stood in for by a Debian of
the same Python that debootstrap makes. Exit code 1: the image cannot be built, or does not serve. 77: it
could not be tried here (no root, no buildah, no Debian mirror, no package index, too little time).
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_TRIED = 77
MOST_SECONDS = 330
BASE = re.compile(r"^FROM (\S+)", re.MULTILINE)
LISTENING = re.compile(r"listens on http://[^\s,]*:(\d+)")
SUITE = "bookworm"
"""Its Python is the base image's."""
MIRROR = "http://deb.debian.org/debian"
PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"
OF_THE_PLACE = re.compile(
    "No space left|Cannot allocate memory|Killed|Connection|timed out|Temporary failure|Could not fetch"
    "|50[0234] "
)
LAST_LINES = 20
"""Of a build that failed: what was tried again before says nothing."""
LEFT_OUT = (".git", ".venv", ".data", "__pycache__", "node_modules")


DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NotTried(Exception):
    """The place lacks what it takes; the text says what."""


class Builder:
    """Buildah with a store of its own in ``folder``, until ``ends_at`` (``time.monotonic``)."""

    def __init__(self, folder: Path, ends_at: float) -> None:
        """Nothing is built yet."""
        self.folder, self.ends_at = folder, ends_at

    def command(self, *arguments: str) -> list[str]:
        """The command line."""
        store = [
            "--storage-driver",
            "vfs",
            "--root",
            f"{self.folder}/store",
            "--runroot",
            f"{self.folder}/run",
        ]
        return ["buildah", *store, *arguments]

    def run(self, *arguments: str, errors: int | None = None) -> str:
        """Its output; CalledProcessError where it fails."""
        return self.call(self.command(*arguments), errors=errors)

    def call(self, command: list[str], *, errors: int | None = None) -> str:
        """Any command, within the time that is left; NotTried when that is over."""
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        )
        try:
            told, _ = process.communicate(timeout=max(1.0, self.ends_at - time.monotonic()))
        except BaseException as stopped:
            os.killpg(process.pid, signal.SIGKILL)  # what it started, too
            process.wait()
            if isinstance(stopped, subprocess.TimeoutExpired):
                raise NotTried(f"{MOST_SECONDS} seconds were not enough for {command[0]}") from stopped
            raise
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, told)
        return told.strip()


def mirror() -> str:
    """The Debian mirror that this machine uses itself."""
    for place in (*Path("/etc/apt/sources.list.d").glob("*"), Path("/etc/apt/sources.list")):
        text = place.read_text() if place.is_file() else ""
        if found := re.search(r"^(?:URIs: |deb (?:\[[^]]*\] )?)(\S+/debian)/?(?:\s|$)", text, re.MULTILINE):
            return found[1]
    return MIRROR


@contextmanager
def needed(what: str) -> Iterator[None]:
    """Around what has nothing to do with the image: where it fails, that could not be tried."""
    try:
        yield
    except (OSError, subprocess.CalledProcessError) as failed:
        raise NotTried(f"{what}: {failed}") from failed


def base_image(builder: Builder, name: str) -> None:
    """A Debian with Python under the name that the Dockerfile builds on."""
    root = builder.folder / "root"
    with needed("debootstrap made no Debian"):
        packages = f"--include={PACKAGES}"
        builder.call(
            ["debootstrap", "--variant=minbase", packages, SUITE, str(root), mirror()],
            errors=subprocess.DEVNULL,
        )
    with needed("the Debian was not made ready"):
        (root / "usr/bin/python").symlink_to("python3")
        # The image that it stands in for has no such mark.
        for mark in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
            mark.unlink()
        for place in (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/resolv.conf")):
            if place.exists():
                shutil.copy(place, root / str(place).lstrip("/"))
        (root / "etc/pip.conf").write_text(pip_settings(builder))
    with needed("buildah made no container of it"):
        container = builder.run("from", "scratch")
        builder.run("copy", "--quiet", container, str(root), "/")
        builder.run("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", container)
    with needed("no package index can be reached from inside"):
        fetch = ("pip", "download", "--quiet", "--no-deps", "--dest", "/tmp", "idna")  # noqa: S108  inside
        builder.run("run", "--isolation", "chroot", container, "--", *fetch)
    with needed("buildah made no image of it"):
        builder.run("commit", "--quiet", "--rm", container, f"docker.io/library/{name}")
    shutil.rmtree(root)


def pip_settings(builder: Builder) -> str:
    """Where this machine's pip finds its index."""
    told = builder.call([sys.executable, "-m", "pip", "config", "list"])
    kept = re.findall(r"^(?:global|:env:)\.(index-url|cert|trusted-host|proxy)='(.*)'$", told, re.MULTILINE)
    return "\n".join(["[global]", *(f"{name} = {value}" for name, value in dict(kept).items()), ""])


def serves(builder: Builder) -> str:
    """Start the image with its own command; "" when it is well, else what is wrong."""
    with needed("buildah made no container of the image"):
        container = builder.run("from", "--pull-never", "evenkeel")
        config = json.loads(builder.run("inspect", container))["OCIv1"]["config"]
    command = [*config["Entrypoint"], *config["Cmd"], "--host", "127.0.0.1", "--port", "0"]
    run = builder.command("run", "--isolation", "chroot", "--user", config["User"], container, "--", *command)
    process = subprocess.Popen(run, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    late = threading.Timer(
        max(1.0, builder.ends_at - time.monotonic()), os.killpg, (process.pid, signal.SIGKILL)
    )
    late.start()
    try:
        for line in process.stdout:
            print(line, end="")
            if found := LISTENING.search(line):
                with DIRECT.open(f"http://127.0.0.1:{found[1]}/healthz", timeout=10) as told:
                    return "" if told.status == 200 else f"/healthz answered {told.status}"
        if time.monotonic() >= builder.ends_at:
            raise NotTried(f"{MOST_SECONDS} seconds were not enough for it to listen")
        return f"it ended with {process.wait(10)} before it listened"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"/healthz: {error}"
    finally:
        late.cancel()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with suppress(ProcessLookupError):  # buildah may end before what it started
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def tried(folder: Path) -> str:
    """What is wrong with the image; "" for nothing."""
    if os.geteuid() != 0:
        raise NotTried("a chroot takes root")
    for program in ("buildah", "debootstrap"):
        if shutil.which(program) is None:
            raise NotTried(f"there is no {program}")
    builder = Builder(folder, time.monotonic() + MOST_SECONDS)
    source = folder / "source"
    with needed("the source was not copied"):
        shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    found = BASE.search((source / "Dockerfile").read_text())
    assert found is not None
    base_image(builder, found[1])
    try:
        how = ("--isolation", "chroot", "--pull-never", "--layers=false")
        builder.run("bud", *how, "--tag", "evenkeel", str(source), errors=subprocess.STDOUT)
    except subprocess.CalledProcessError as failed:
        print(failed.stdout)
        if found := OF_THE_PLACE.search("\n".join(failed.stdout.splitlines()[-LAST_LINES:])):
            raise NotTried(f"while it was built: {found[0]}") from failed
        return f"it cannot be built (code {failed.returncode})"
    return serves(builder)


def main() -> int:
    """The exit code."""
    folder = Path(tempfile.mkdtemp(prefix="evenkeel-image-"))
    began = time.monotonic()
    try:
        wrong = tried(folder)
    except NotTried as reason:
        print(f"The image was not built: {reason}.")
        return NOT_TRIED
    finally:
        for place in ("proc", "sys"):  # debootstrap that was ended leaves them mounted
            mounted = folder / "root" / place
            if mounted.is_mount():
                subprocess.run(["/bin/umount", "--recursive", "--lazy", str(mounted)], check=False)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"The image: {wrong or 'built, started, well'}, {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
