"""What the log says of a Redis that refuses: what an operator has to do, and nothing that it was told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from accounts.processes.bus import Bus
from accounts.processes.redis_client import redis_client, redis_errors, what_redis_said
from relay.limits.counting_scripts import SPEND
from tests import stores
from tests.accounts.waiting import until

pytestmark = pytest.mark.outside


@pytest.fixture
def path() -> Iterator[str]:
    """The socket of a Redis whose settings the test may change."""
    url, process = stores.start_redis()
    yield url.removeprefix("unix://")
    stores.end(process)


async def said(url: str, *, by_script: bool = False) -> str:
    """Of a Redis that is to keep something."""
    async with redis_client(url) as client:
        if by_script:
            asked = client.register_script(SPEND)(keys=["mark", "window"], args=[600, 1, 600, 1])
        else:
            asked = client.set("told", "in confidence")
        with pytest.raises(redis_errors()) as refused:
            await asked
    return what_redis_said(refused.value)


@pytest.mark.parametrize("login", ["", ":wrong@", "nobody:wrong@"])
async def test_a_wrong_password_is_named(path: str, login: str) -> None:
    """None, another one, another user: a client of ours tells all of them as a broken connection."""
    redis.Redis(unix_socket_path=path).config_set("requirepass", "right")
    told = await said(f"unix://{login}{path}")
    assert told == "it refuses the user or the password of REDIS_URL"


@pytest.mark.parametrize("by_script", [False, True])
async def test_a_full_one_and_a_replica_are_named(path: str, by_script: bool) -> None:
    """A script says it in other words than a command."""
    admin = redis.Redis(unix_socket_path=path)
    admin.config_set("maxmemory", "1")
    assert "maxmemory" in await said(f"unix://{path}", by_script=by_script)
    admin.config_set("maxmemory", "0")
    admin.replicaof("127.0.0.1", "1")
    assert "replica" in await said(f"unix://{path}", by_script=by_script)


async def test_nothing_is_repeated_of_what_it_was_told(path: str) -> None:
    """Redis quotes a command that it does not know, with what was to be kept."""
    async with redis_client(f"unix://{path}") as client:
        with pytest.raises(redis_errors()) as refused:
            await client.execute_command("KEEP", "in confidence")
    assert "in confidence" in str(refused.value)
    assert what_redis_said(refused.value) == "ResponseError"


async def test_an_outage_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each try anew would be a line a second, twice in each process; the next outage is told again."""
    monkeypatch.setattr("accounts.processes.bus._RECONNECT_SECONDS", 0.001)
    tries = 0
    real = Bus._listen

    async def counted(self: Bus, client: object) -> None:
        nonlocal tries
        tries += 1
        await real(self, client)  # type: ignore[arg-type]

    monkeypatch.setattr(Bus, "_listen", counted)
    url, process = stores.start_redis()
    bus = Bus("one", url)
    await bus.start()
    await bus.connected()
    for outage in (1, 2):
        stores.end(process)
        before = tries
        await until(lambda before=before: tries > before + 3)  # type: ignore[misc]
        assert caplog.text.count("Redis is not reachable") == outage
        process = stores.start_redis(Path(url.removeprefix("unix://")).parent)[1]
        await until(lambda: not bus._is_told)
    await bus.stop()
    stores.end(process)
