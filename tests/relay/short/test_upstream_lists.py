"""Upstreams' own model lists: kept, renewed behind what is shown, and never a failure for a list."""

import asyncio

import msgspec

from accounts.snapshot import AccountView
from relay.short.upstream_lists import LIST_SECONDS, WAIT_SECONDS, UpstreamLists

ACCOUNT = AccountView(id=1, email="a@b", kind="openai", base_url="https://one.example", sealed="x")


class Upstream:
    """Answers what ``names`` says, as soon as ``is_open``."""

    def __init__(self, names: list[str] | None) -> None:
        self.names = names
        self.asked = 0
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def list_of(self, account: AccountView) -> list[str] | None:
        self.asked += 1
        await self.is_open.wait()
        return self.names


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def settled() -> None:
    """What can go on has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_list_is_kept_for_an_hour_and_then_shown_until_there_is_a_newer_one() -> None:
    """Who asks for the list does not wait for an upstream whose list is only old."""
    upstream, clock = Upstream(["a"]), Clock()
    lists = UpstreamLists(clock)
    assert await lists.of([ACCOUNT], upstream.list_of) == {1: ["a"]}
    clock.now += LIST_SECONDS - 1
    assert await lists.of([ACCOUNT], upstream.list_of) == {1: ["a"]}
    assert upstream.asked == 1
    clock.now += 1
    upstream.is_open.clear()
    upstream.names = ["b"]
    for _ in range(3):
        assert await lists.of([ACCOUNT], upstream.list_of) == {1: ["a"]}
    upstream.is_open.set()
    await settled()
    assert await lists.of([ACCOUNT], upstream.list_of) == {1: ["b"]}
    assert upstream.asked == 2


async def test_a_failure_is_never_kept() -> None:
    """Neither for a list, nor in place of an older one: the next who asks has upstream asked again."""
    upstream, clock = Upstream(None), Clock()
    lists = UpstreamLists(clock)
    assert await lists.of([ACCOUNT], upstream.list_of) == {}
    upstream.names = ["a"]
    assert await lists.of([ACCOUNT], upstream.list_of) == {1: ["a"]}
    clock.now += LIST_SECONDS
    upstream.names = None
    for asked in (3, 4):
        assert await lists.of([ACCOUNT], upstream.list_of) == {1: ["a"]}
        await settled()
        assert upstream.asked == asked


async def test_another_address_credential_or_kind_is_another_list() -> None:
    """What one upstream offers says nothing of another; an account that is gone leaves nothing behind."""
    upstream = Upstream(["a"])
    lists = UpstreamLists(Clock())
    await lists.of([ACCOUNT], upstream.list_of)
    upstream.names = None
    for change in ({"base_url": "https://two.example"}, {"sealed": "y"}, {"kind": "anthropic"}):
        assert await lists.of([msgspec.structs.replace(ACCOUNT, **change)], upstream.list_of) == {}
    await lists.of([], upstream.list_of)
    assert await lists.of([ACCOUNT], upstream.list_of) == {}
    assert upstream.asked == 5


async def test_an_upstream_that_hangs_is_waited_for_once_and_asked_once() -> None:
    """The others' lists are shown without its own; what it says at last is there for the next who asks."""
    hung, clock = Upstream(["late"]), Clock()
    hung.is_open.clear()
    other = msgspec.structs.replace(ACCOUNT, id=2)
    quick = Upstream(["b"])
    lists = UpstreamLists(clock)

    async def ask(account: AccountView) -> list[str] | None:
        return await (hung if account.id == 1 else quick).list_of(account)

    assert await lists.of([ACCOUNT, other], ask, wait_seconds=0.01) == {2: ["b"]}
    clock.now += WAIT_SECONDS
    assert await lists.of([ACCOUNT, other], ask) == {2: ["b"]}
    hung.is_open.set()
    await settled()
    assert await lists.of([ACCOUNT, other], ask) == {1: ["late"], 2: ["b"]}
    assert (hung.asked, quick.asked) == (1, 1)


def test_the_wait_is_within_what_clients_allow() -> None:
    """Claude Code gives up the discovery of models after three seconds."""
    assert WAIT_SECONDS < 3
