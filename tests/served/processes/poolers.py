"""A real PgBouncer for the tests, with the settings that docs/scaling.md shows."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

import pytest

from tests import stores

ROOT = Path(__file__).resolve().parents[3]


def documented_settings() -> str:
    """The ini of docs/scaling.md."""
    [block] = re.findall(r"```ini\n(.*?)```", (ROOT / "docs" / "scaling.md").read_text(), re.DOTALL)
    return str(block)


@contextmanager
def pgbouncer(url: str, **settings: str) -> Iterator[str]:
    """The same database behind a PgBouncer on a unix socket; ``settings`` go over the documented ones."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip(
            "NO PGBOUNCER: a pooler of transactions was not tried (Debian: apt-get install pgbouncer)"
        )
    parts = urlsplit(url)
    folder = Path(tempfile.mkdtemp(prefix="evenkeel-pool-", dir="/tmp"))
    folder.chmod(0o755)
    is_root = os.geteuid() == 0
    own = {
        "logfile": f"{folder}/pool.log",
        "listen_addr": "",
        "listen_port": "6432",
        "unix_socket_dir": str(folder),
        "auth_type": "trust",
        "auth_file": f"{folder}/users.txt",
    }
    host = parse_qs(parts.query)["host"][0]
    lines = documented_settings().splitlines()
    lines = [line for line in lines if line.partition("=")[0].strip() not in {*own, *settings, "evenkeel"}]
    lines += [f"{name} = {value}" for name, value in {**own, **settings}.items()]
    lines += ["[databases]", f"* = host={host} port=5432"]
    (folder / "pgbouncer.ini").write_text("\n".join(lines))
    (folder / "users.txt").write_text(f'"{parts.username}" ""\n')
    if is_root:  # PgBouncer refuses to run as root, as PostgreSQL does
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    process = subprocess.Popen(
        [program, str(folder / "pgbouncer.ini")],
        user="nobody" if is_root else None,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=stores.end_with_parent,
    )
    try:
        stores.wait_for_socket(folder / ".s.PGSQL.6432", process)
        query = f"host={quote(str(folder), safe='')}&port=6432"
        yield urlunsplit(parts._replace(query=query))
    finally:
        stores.end(process)
        shutil.rmtree(folder, ignore_errors=True)
