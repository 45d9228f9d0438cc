"""Where a session begins: the same account in every process, in proportion, with little movement."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable

import pytest

from accounts.groups.scope import ANYONE
from accounts.pool.account_state import AccountState
from accounts.pool.choosing.homes import Homes, share
from accounts.pool.choosing.lineup import Lineups
from tests.accounts.worlds import MODEL, view

SESSIONS = [f"session-{number}" for number in range(6000)]


def homes_of(accounts: Iterable[tuple[int, int, int]]) -> dict[str, int]:
    """Each session's home among ``accounts`` (priority, id, limit)."""
    homes = Homes(accounts)
    return {session: next(homes.order(session))[1] for session in SESSIONS}


def test_sessions_spread_in_proportion() -> None:
    """Equal accounts get equal shares, few or many; an account with a small limit as much less as it says."""
    for count in (2, 5, 60, 200):
        shares = Counter(homes_of((0, number, 0) for number in range(1, count + 1)).values())
        fair = len(SESSIONS) / count
        assert len(shares) == count
        assert max(shares.values()) < fair + 5 * fair**0.5, count
        assert min(shares.values()) > fair - 5 * fair**0.5, count
    shares = Counter(homes_of([(0, 1, share(2, 1)), (0, 2, share(0, 1)), (0, 3, share(100, 1))]).values())
    assert abs(shares[1] - len(SESSIONS) * 2 / 18) < 120
    assert abs(shares[2] - shares[3]) < 240


@pytest.mark.thorough
def test_only_the_sessions_of_an_account_that_leaves_move() -> None:
    """Up to 64 accounts nobody else's session moves; with thousands hardly any other does."""
    accounts = [(0, number, 0) for number in range(1, 21)]
    before, after = homes_of(accounts), homes_of(one for one in accounts if one[1] != 7)
    assert {before[session] for session in SESSIONS if before[session] != after[session]} == {7}
    assert len({after[session] for session in SESSIONS if before[session] == 7}) > 10, "they spread"
    accounts = [(0, number, 0) for number in range(1, 2001)]
    before, after = homes_of(accounts), homes_of(one for one in accounts if one[1] != 7)
    assert sum(before[session] != after[session] for session in SESSIONS) < len(SESSIONS) * 3 / 2000


def test_the_highest_priority_first() -> None:
    """No session's home is below another priority, and each priority is gone through from the top."""
    homes = Homes([(0, 1, 0), (5, 2, 0), (0, 3, 0), (5, 4, 0)])
    for session in SESSIONS[:50]:
        order = list(homes.order(session))
        assert [priority for priority, _ in order] == [5, 5, 0, 0]
        assert {account for _, account in order} == {1, 2, 3, 4}


def test_accounts_that_share_a_group_are_all_reached() -> None:
    """Ids 64 apart fall into one group: who is not its best comes all the same."""
    for ids in [(1, 65), (1, 2, 65, 129), tuple(range(1, 70)), (7,)]:
        accounts = [view(number) for number in ids]
        lineups = Lineups(map(AccountState, accounts))
        for session in SESSIONS[:50]:
            found = {state.view.id for state in lineups.of_session(MODEL, ANYONE, session)}
            assert found == set(ids)


@pytest.mark.outside
def test_every_process_names_the_same() -> None:
    """Nothing of a process goes into it: no hash seed, no order of the accounts."""
    code = (
        "from accounts.pool.choosing.homes import Homes, share\n"
        "homes = Homes([(0, number, 0) for number in range(90, 0, -1)])\n"
        "print([next(homes.order(f'session-{number}'))[1] for number in range(40)])"
    )
    here = [next(Homes((0, n, 0) for n in range(1, 91)).order(session))[1] for session in SESSIONS[:40]]
    for seed in ("1", "2"):
        told = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout.strip() == str(here)
