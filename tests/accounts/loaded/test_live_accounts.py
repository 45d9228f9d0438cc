"""What one process holds in memory is kept true to the database, in both directions."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from accounts.admin.account import quotas, state
from accounts.loaded import live_accounts as live_module
from accounts.loaded.live_accounts import LiveAccounts
from accounts.mapping import Target
from accounts.models import Account, AccountMark, ClientKey, ModelMapping, ProcessHeartbeat
from accounts.pool.leases import Lease, Want
from accounts.pool.quota_windows import Window, window
from accounts.processes.heartbeats import live_process_ids
from accounts.revisions import Revision
from tests.accounts.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

WANT = Want(model="gemini-2.5-pro")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same loop, but a hundred times a second."""
    monkeypatch.setattr(live_module, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(live_module, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(live_module, "USAGE_SECONDS", 0.05)


@pytest.fixture(autouse=True)
async def closed_connections() -> AsyncIterator[None]:
    """The thread in which the tests themselves ask the database keeps no connection to it."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def account() -> Account:
    return await Account.objects.acreate(email="a@x.test", kind="gemini")


@pytest.fixture
async def live(account: Account) -> AsyncIterator[LiveAccounts]:
    live = LiveAccounts()
    await live.start()
    yield live
    await live.stop()


async def test_start_loads_everything(account: Account) -> None:
    """From the first request on accounts, mappings, keys and kept marks are there."""
    await ModelMapping.objects.acreate(pattern="x", target="gemini-2.5-pro", continuation=True)
    key = ClientKey(name="k")
    value = key.give_value()
    await key.asave()
    soon = timezone.now() + timedelta(hours=1)
    await AccountMark.objects.acreate(
        account=account, model="m", status=429, cause="quota", until=soon, set_at=timezone.now()
    )
    live = LiveAccounts()
    await asyncio.gather(*(live.start() for _ in range(5)))
    assert live.pool.roster.targets("x") == (Target("gemini-2.5-pro", frozenset(), "x", True, False),)
    assert live.keys.find(value) is not None
    status = live.pool.status(account.pk)
    assert status is not None
    assert status.models_cooling == ("m",)
    await live.stop()
    await live.stop()


@pytest.mark.parametrize("change", ["account", "mapping", "key", "disabled key", "enable", "update"])
async def test_a_change_arrives(live: LiveAccounts, account: Account, change: str) -> None:
    """What is changed in the admin, a command or a shell is in effect within the poll."""
    key = ClientKey(name="k")
    value = key.give_value()
    match change:
        case "account":
            await Account.objects.acreate(email="b@x.test", kind="gemini")
            await until(lambda: len(live.pool.roster.views()) == 2)
        case "mapping":
            await ModelMapping.objects.acreate(pattern="claude-*", target="gemini-2.5-pro")
            await until(lambda: live.pool.roster.targets("claude-opus-5") is not None)
        case "key":
            await key.asave()
            await until(lambda: live.keys.find(value) is not None)
        case "disabled key":
            await key.asave()
            await until(lambda: live.keys.find(value) is not None)
            await ClientKey.objects.aupdate(enabled=False)
            await until(lambda: live.keys.find(value) is None)
        case "enable":
            await sync_to_async(account.disable)("why")
            await until(lambda: live.pool.usable_count() == 0)
            await sync_to_async(account.enable)()
            await until(lambda: live.pool.usable_count() == 1)
        case "update":
            await Account.objects.aupdate(base_url="http://127.0.0.1:9/x/")
            await until(lambda: live.pool.roster.views()[0].base_url == "http://127.0.0.1:9/x")


async def test_marks_survive_a_restart(live: LiveAccounts, account: Account) -> None:
    """A long mark is written, stands in the next process, and ends when it is cleared in the database."""
    live.pool.mark_hard(account.pk, "m", "model", 404)
    await until(AccountMark.objects.aexists)
    another = LiveAccounts()
    await another.start()
    assert another.pool.status(account.pk).models_cooling == ("m",)  # type: ignore[union-attr]
    await sync_to_async(account.clear_marks)()
    await until(lambda: another.pool.status(account.pk).models_cooling == ())  # type: ignore[union-attr]
    await until(lambda: live.pool.status(account.pk).models_cooling == ())  # type: ignore[union-attr]
    await another.stop()


async def test_lifted_marks_are_forgotten(live: LiveAccounts, account: Account) -> None:
    """A mark that a success has lifted does not come back after a restart."""
    live.pool.mark_hard(account.pk, "m", "model", 404)
    await until(AccountMark.objects.aexists)
    live.pool.note_success(account.pk, "m")
    await until(lambda: _no_marks())


async def test_marks_that_ended_long_ago_are_removed(live: LiveAccounts, account: Account) -> None:
    """With the account's next one: else each name that clients ever made up would stay, and be read again."""
    other = await Account.objects.acreate(email="b@x.test", kind="gemini")
    now = timezone.now()
    for owner, model, hours in ((account, "old", 2), (account, "just ended", 0), (other, "of another", 2)):
        until_then = now - timedelta(hours=hours)
        told = {"status": 404, "cause": "model", "until": until_then, "set_at": until_then}
        await AccountMark.objects.acreate(account=owner, model=model, **told)
    live.pool.mark_hard(account.pk, "new", "model", 404)
    await until(AccountMark.objects.filter(model="new").aexists)
    left = {mark.model async for mark in AccountMark.objects.all()}
    assert left == {"just ended", "of another", "new"}


async def _no_marks() -> bool:
    return not await AccountMark.objects.aexists()


async def test_disabled_automatically(live: LiveAccounts, account: Account) -> None:
    """What the pool disables is disabled in the database, with its reason, as done automatically."""
    revision = await sync_to_async(Revision.current)()
    live.pool.disable(account.pk, "invalid_grant: sign in again")
    await until(Account.objects.filter(enabled=False).aexists)
    await account.arefresh_from_db()
    assert account.disabled_automatically
    assert account.disabled_reason == "invalid_grant: sign in again"
    assert await sync_to_async(Revision.current)() > revision


async def test_cleared_by_the_pool(live: LiveAccounts, account: Account) -> None:
    """What the pool clears is cleared in the database too."""
    live.pool.mark_hard(account.pk, "m", "model", 404)
    await until(AccountMark.objects.aexists)
    live.pool.clear(account.pk)
    await until(lambda: _no_marks())


async def test_last_use_is_written(live: LiveAccounts, account: Account) -> None:
    """When an account was last used is written behind, without a query for the request."""
    lease = await live.pool.acquire(WANT)
    assert isinstance(lease, Lease)
    lease.release()
    await until(Account.objects.exclude(last_used_at=None).aexists)


async def test_stop_writes_what_was_noted(account: Account) -> None:
    """Nothing noted is lost when the process ends, and it says goodbye."""
    live = LiveAccounts()
    await live.start()
    assert await sync_to_async(live_process_ids)() == {live.process_id}
    lease = await live.pool.acquire(WANT)
    assert isinstance(lease, Lease)
    live.pool.mark_hard(account.pk, "m", "model", 404)
    await live.stop()
    await account.arefresh_from_db()
    assert account.last_used_at is not None
    assert await AccountMark.objects.acount() == 1
    assert await sync_to_async(live_process_ids)() == set()


async def test_marks_of_an_account_that_is_gone(live: LiveAccounts, account: Account) -> None:
    """A mark for an account that was deleted meanwhile spoils nothing for the others."""
    other = await Account.objects.acreate(email="b@x.test", kind="gemini")
    await until(lambda: len(live.pool.roster.views()) == 2)
    await sync_to_async(account.delete)()
    live.pool.mark_hard(account.pk, "m", "model", 404)
    live.pool.mark_hard(other.pk, "m", "model", 404)
    await until(AccountMark.objects.filter(account=other).aexists)


async def test_heartbeat(live: LiveAccounts, account: Account) -> None:
    """The process's row says that it lives and which revision it has taken."""
    await sync_to_async(account.clear_marks)()
    revision = await sync_to_async(Revision.current)()
    await until(ProcessHeartbeat.objects.filter(process_id=live.process_id, revision=revision).aexists)
    seen = (await ProcessHeartbeat.objects.aget()).seen_at
    await until(ProcessHeartbeat.objects.filter(seen_at__gt=seen).aexists)


async def test_limits_are_shared_by_the_living(live: LiveAccounts) -> None:
    """When another process comes or goes, each takes its new share of the in-flight limits."""
    await Account.objects.aupdate(max_in_flight=4)
    another = LiveAccounts()
    await another.start()
    await until(lambda: live._live_processes == another._live_processes == 2)
    leases = [await live.pool.acquire(WANT) for _ in range(2)]
    waiting = asyncio.create_task(live.pool.acquire(WANT))
    await asyncio.sleep(0)
    assert not waiting.done()
    await another.stop()
    assert isinstance(await waiting, Lease)
    for lease in leases:
        assert isinstance(lease, Lease)


async def test_a_database_in_trouble(
    live: LiveAccounts, account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While nothing can be written the pool serves on, reads and lives; what was noted is written later."""
    calls: list[int] = []
    real = live_module.journal.write

    def fails(batch: object) -> None:
        calls.append(1)
        raise OSError("disk full")

    monkeypatch.setattr(live_module.journal, "write", fails)
    live.pool.mark_hard(account.pk, "m", "model", 404)
    await until(lambda: len(calls) > 2)
    assert isinstance(await live.pool.acquire(WANT), Lease)
    assert "could not be written, trying again: disk full" in caplog.text
    await Account.objects.acreate(email="b@x.test", kind="gemini")
    await until(lambda: len(live.pool.roster.views()) == 2)
    monkeypatch.setattr(live_module.journal, "write", real)
    await until(AccountMark.objects.aexists)


async def test_a_note_that_no_database_takes_keeps_back_no_other(
    live: LiveAccounts, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """What upstream says may hold a NUL; what cannot be written at all is dropped."""
    live.pool.mark_hard(account.pk, "m\0", "model", 404, reason="no\0such model")
    live.pool.note_quota(account.pk, [Window("5h", 0.5, live.pool.now() + 900, live.pool.now(), "m\0")])
    live._journal.used(account.pk, 1e12)  # a time that no calendar has
    live._journal.key_used(1, 1_700_000_000.0)
    await until(AccountMark.objects.aexists)
    mark = await AccountMark.objects.aget()
    assert (mark.model, mark.reason) == ("m\ufffd", "no\ufffdsuch model")
    await until(lambda: "A note on an account cannot be written: accounts_used" in caplog.text)
    await until(lambda: Account.objects.exclude(quota_windows=[]).aexists())
    await until(lambda: live._journal.take(with_usage=True).is_empty)
    await sync_to_async(account.disable)("no\0\ud800", automatically=True)
    await until(lambda: live.pool.usable_count() == 0)


async def test_a_start_that_fails_can_be_repeated(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is not ready makes the start fail; the next start tries again."""
    real = live_module.load_snapshot

    def fails() -> None:
        raise OSError("no database")

    monkeypatch.setattr(live_module, "load_snapshot", fails)
    live = LiveAccounts()
    with pytest.raises(OSError, match="no database"):
        await live.start()
    assert not live.is_started
    monkeypatch.setattr(live_module, "load_snapshot", real)
    await live.start()
    assert live.is_started
    await live.stop()


async def test_a_stop_without_a_database(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that cannot write at its end says so and ends."""
    live = LiveAccounts()
    await live.start()
    await live.start()

    def fails(batch: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(live_module.journal, "write", fails)
    live.pool.mark_hard(account.pk, "m", "model", 404)
    await live.stop()
    assert not live.is_started
    assert "could not be written at the end" in caplog.text


async def test_the_admin_sees_what_the_process_knows(
    live: LiveAccounts, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state at a glance has this process's short cooldowns, requests in flight and last use."""
    monkeypatch.setattr(state, "live", live)
    assert await sync_to_async(state.last_used)(account) is None
    lease = await live.pool.acquire(WANT)
    assert isinstance(lease, Lease)
    live.pool.mark_hard(account.pk, WANT.model, "quota", 429, told_seconds=30)
    seen = await sync_to_async(state.glance)(account)
    assert (seen.words, seen.until > 0) == ("usable in part", True)
    assert seen.detail == f"cooling down: {WANT.model}"
    live.pool.mark_hard(account.pk, WANT.model, "credential", 402, reason="no credit", told_seconds=None)
    seen = await sync_to_async(state.glance)(account)
    assert (seen.words, seen.until) == ("refused (402)", 0)
    assert seen.detail == "Its credential was refused (402): no credit"
    assert state.status_here(account).in_flight == 1  # type: ignore[union-attr]
    assert state.last_used(account) is not None


async def test_marks_reach_others_without_redis(live: LiveAccounts, account: Account) -> None:
    """A mark that is kept is read from the database by processes that nobody can tell of it."""
    another = LiveAccounts()
    await another.start()
    live.pool.mark_hard(account.pk, "m", "quota", 429, told_seconds=500)
    await until(lambda: (another.pool.nearest_free_seconds("m") or 0) > 400)
    await another.stop()


async def test_quotas_reach_others_without_redis(live: LiveAccounts, account: Account) -> None:
    """What was told of a quota is kept, read by the other processes, and gone when cooldowns are cleared."""
    another = LiveAccounts()
    await another.start()
    seen = window("5h", 0.5, 3600, live.pool.now())
    assert seen is not None
    live.pool.note_quota(account.pk, [seen])

    def heard() -> tuple[Window, ...]:
        status = another.pool.status(account.pk)
        return status.windows if status else ()

    await until(lambda: heard() == (seen,))
    await sync_to_async(account.refresh_from_db)()
    assert "meter" in await sync_to_async(quotas.gauges)(account)
    await sync_to_async(account.clear_marks)()
    await until(lambda: heard() == ())
    await another.stop()


def test_last_use_is_one_statement(django_assert_num_queries: Any, db: None) -> None:
    """However many accounts were asked, which are taken in their order before; a later time that another
    process wrote stands.
    """
    accounts = [Account.objects.create(email=f"{n}@x.test", kind="gemini") for n in range(20)]
    later = datetime(2040, 1, 1, tzinfo=UTC)
    Account.objects.filter(pk=accounts[0].pk).update(last_used_at=later)
    batch = live_module.journal.Batch(accounts_used={one.pk: 1_700_000_000.0 + one.pk for one in accounts})
    with django_assert_num_queries(6):  # and the beginnings and ends of the transaction and its savepoint
        live_module.journal.write(batch)
    used = dict(Account.objects.values_list("pk", "last_used_at"))
    assert used[accounts[0].pk] == later
    assert used[accounts[1].pk] == datetime.fromtimestamp(1_700_000_000.0 + accounts[1].pk, UTC)


async def test_last_use_is_written_once_a_minute(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often an account is asked, the database hears of it with the first look and once a minute."""
    now = [timezone.now()]
    monkeypatch.setattr(live_module, "database_now", lambda: now[0])
    monkeypatch.setattr(live_module, "POLL_SECONDS", 1000.0)
    monkeypatch.setattr(live_module, "USAGE_SECONDS", 60.0)
    live = LiveAccounts()
    await live.start()
    begun, told = now[0], []
    for seconds in (61, 62, 90, 120, 122, 180, 185):
        now[0] = begun + timedelta(seconds=seconds)
        live._clock.agree(now[0].timestamp())
        lease = await live.pool.acquire(WANT)
        assert isinstance(lease, Lease)
        lease.release()
        await live._tick()
        await account.arefresh_from_db()
        told.append(account.last_used_at and round((account.last_used_at - begun).total_seconds()))
    await live.stop()
    assert told == [61, 61, 61, 61, 122, 122, 185]


async def test_what_must_know_new_credentials_does_before_they_are_used(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked when they are read, and no request finds the new account before it has answered."""
    monkeypatch.setattr(live_module, "POLL_SECONDS", 1000.0)
    live = LiveAccounts()
    await live.start()
    seen: list[tuple[int, int]] = []

    async def before_use() -> None:
        seen.append((len(live.secrets.values()), len(live._snapshot.accounts)))

    live.before_use = before_use
    await live._tick()
    assert seen == [], "nothing is new"
    another = Account(kind="gemini", email="another@x.test")
    another.credential = {"api_key": "another-key"}
    await another.asave()
    await live._tick()
    assert [accounts for _, accounts in seen] == [1]
    assert len(live._snapshot.accounts) == 2
    assert "another-key" in live.secrets.values()
    await live.stop()


async def test_the_databases_clock_is_everybodys(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A host whose clock differs takes the database's time for marks, and says so once."""
    monkeypatch.setattr(live_module, "database_now", lambda: timezone.now() + timedelta(seconds=30))
    monkeypatch.setattr(live_module, "BEAT_SECONDS", 0.0)
    live = LiveAccounts()
    await live.start()
    assert 29 < live.now() - timezone.now().timestamp() < 31
    live.pool.mark_hard(account.pk, "m", "quota", 429, told_seconds=500)
    await until(AccountMark.objects.aexists)
    mark = await AccountMark.objects.aget()
    assert 520 < (mark.until - timezone.now()).total_seconds() < 531
    await live.stop()
    assert caplog.text.count("behind the database's") == 1
