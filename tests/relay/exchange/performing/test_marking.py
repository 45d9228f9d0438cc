"""What upstream says of a credential, while the operator enters another one."""

import pytest

from relay.engine.retrying.policy import EarnedMark
from relay.exchange.performing.marking import disable_refused, mark_account
from tests.accounts.worlds import MODEL, PoolWorld, view

MARKS = [
    EarnedMark("credential", 401, ""),
    EarnedMark("credential", 402, "no credit"),
    EarnedMark("forbidden", 403, ""),
]


@pytest.mark.parametrize("mark", MARKS)
async def test_a_mark_for_a_credential_that_was_replaced(mark: EarnedMark) -> None:
    """Who asked with the old one says nothing of the new one; with that it is a mark."""
    world = PoolWorld(view(1, sealed="old"))
    lease = await world.lease()
    world.load(view(1, sealed="new"))
    for _ in range(2):
        mark_account(world.pool, 1, MODEL, mark, lease)
    assert await world.asked() == 1
    mark_account(world.pool, 1, MODEL, mark, await world.lease())
    assert (await world.refused()).status == 503


async def test_a_quota_mark_stands_whatever_the_credential() -> None:
    """A limit is the account's, with another key too."""
    world = PoolWorld(view(1, sealed="old"))
    lease = await world.lease()
    world.load(view(1, sealed="new"))
    mark_account(world.pool, 1, MODEL, EarnedMark("quota", 429, "", 30), lease)
    assert (await world.refused()).status == 429


async def test_a_sign_in_that_was_replaced() -> None:
    """An old refresh token that is refused late takes no account out of service that has a new one."""
    world = PoolWorld(view(1, sealed="old"))
    lease = await world.lease()
    world.load(view(1, sealed="new"))
    disable_refused(world.pool, lease.account, "invalid_grant")
    assert world.pool.usable_count() == 1
    disable_refused(world.pool, view(1, sealed="new"), "invalid_grant")
    assert world.pool.usable_count() == 0
    world.load()
    disable_refused(world.pool, lease.account, "invalid_grant")


async def test_an_address_that_was_replaced() -> None:
    """Where the old base URL led back to this server, or knew no such key, the new one may not."""
    world = PoolWorld(view(1))
    lease = await world.lease()
    world.load(view(1, base_url="http://127.0.0.1:2"))
    disable_refused(world.pool, lease.account, "leads back")
    mark_account(world.pool, 1, MODEL, MARKS[0], lease)
    assert await world.asked() == 1
