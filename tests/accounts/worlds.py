"""A pool with accounts in it, on a clock that stands still, and what the tests ask of it."""

from collections.abc import Iterable

from accounts.loaded.journal import DatabaseJournal
from accounts.mapping import Mapping
from accounts.pool.leases import Lease, NoAccount, Want
from accounts.pool.pool import Pool
from accounts.pool.pool_settings import PoolSettings
from accounts.processes.bus import Bus
from accounts.snapshot import AccountView, KeptMark, Snapshot
from tests.accounts.hand_clock import HandClock

MODEL = "gemini-2.5-pro"


def view(number: int, **changes: object) -> AccountView:
    """The account ``number``, a Gemini one unless told otherwise."""
    fields: dict[str, object] = {
        "id": number,
        "email": f"{number}@x.test",
        "kind": "gemini",
        "base_url": "http://127.0.0.1:1",
    }
    return AccountView(**(fields | changes))  # type: ignore[arg-type]


class PoolWorld:
    """A pool, its clock, and its journal, which writes nothing by itself."""

    def __init__(self, *views: AccountView, settings: PoolSettings | None = None) -> None:
        self.clock = HandClock()
        self.journal = DatabaseJournal(lambda: None)
        self.pool = Pool(self.clock, Bus("this"), self.journal, settings)
        self.load(*views)

    def load(
        self,
        *views: AccountView,
        mappings: Iterable[Mapping] = (),
        marks: Iterable[KeptMark] = (),
        live_processes: int = 1,
    ) -> None:
        """What the database says from now on."""
        snapshot = Snapshot(accounts=views, mappings=tuple(mappings), marks=tuple(marks))
        self.pool.load(snapshot, live_processes)

    async def lease(self, model: str = MODEL, **want: object) -> Lease:
        """A lease; the test fails when there is none."""
        got = await self.pool.acquire(Want(model=model, **want))  # type: ignore[arg-type]
        assert isinstance(got, Lease), got
        return got

    async def asked(self, model: str = MODEL, **want: object) -> int:
        """Who is asked, for a request that ends at once."""
        lease = await self.lease(model, **want)
        lease.release()
        return lease.account.id

    async def refused(self, model: str = MODEL, **want: object) -> NoAccount:
        """Why nobody is asked; the test fails when somebody is."""
        got = await self.pool.acquire(Want(model=model, **want))  # type: ignore[arg-type]
        assert isinstance(got, NoAccount), got
        return got
