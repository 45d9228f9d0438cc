"""Accounts whose upstream is left alone: others are asked, and who finds none is told so."""

from accounts.groups.scope import ANYONE
from accounts.pool.leases import NoAccount
from accounts.snapshot import AccountView
from tests.accounts.worlds import MODEL, PoolWorld, view


class Resting:
    """Upstreams that are left alone, by account and model."""

    def __init__(self, **seconds: float) -> None:
        self.by_account = {int(name.removeprefix("a")): told for name, told in seconds.items()}

    @property
    def are_any(self) -> bool:
        return bool(self.by_account)

    def seconds(self, account: AccountView, model: str) -> float:
        return self.by_account.get(account.id, 0.0) if model == MODEL else 0.0


def world(resting: Resting, *views: AccountView) -> PoolWorld:
    made = PoolWorld(*(views or (view(1, priority=9), view(2))))
    made.pool.roster.rests = resting
    return made


async def test_accounts_of_other_upstreams_are_preferred() -> None:
    """Whatever its priority; another model of the same upstream is asked as before."""
    pool = world(Resting(a1=4.5))
    assert await pool.asked() == 2
    assert await pool.asked("gemini-2.5-flash") == 1


async def test_a_session_and_a_kept_retry_move_on() -> None:
    """The session's own account, and the one that a retry is kept on, are left alone like any other."""
    resting = Resting()
    pool = world(resting)
    pool.pool.note_success(1, MODEL, "s")
    resting.by_account = {1: 4.5}
    lease = await pool.lease(session="s")
    assert lease.account.id == 2
    assert lease.stand_in_reason == "its upstream fails nearly always, free again in 5 s"
    assert await pool.asked(stay_on=1) == 2
    resting.by_account = {}
    assert await pool.asked(session="s") == 1


async def test_with_nobody_else_the_client_is_told() -> None:
    """503, the reason and the time; it says more than another account's quota, for it is over sooner."""
    pool = world(Resting(a1=4.5, a2=30.0))
    refused = await pool.refused()
    message = (
        f"No account for {MODEL} can be asked: its upstream fails nearly always and is left alone;"
        " it is tried again in 5 s."
    )
    assert refused == NoAccount(503, "resting", message, 5)
    pool = world(Resting(a1=4.5))
    pool.pool.mark_hard(2, MODEL, "quota", 429, told_seconds=100)
    assert (await pool.refused()).reason == "resting"
    assert await pool.refused(stay_on=1) == await pool.refused()


async def test_a_longer_mark_is_what_counts() -> None:
    """An account whose quota ends long behind the rest is told by its quota."""
    pool = world(Resting(a1=4.5), view(1))
    pool.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=100)
    assert (await pool.refused()).reason == "quota"


async def test_who_looks_around_sees_it() -> None:
    """Nobody is free there."""
    pool = world(Resting(a1=4.5))
    assert not pool.pool.another_is_free(MODEL, ANYONE, {2})
    assert pool.pool.another_is_free(MODEL, ANYONE, {1})
