"""When Code Assist is asked for an account's quota, and what becomes of the answer."""

import json
from collections.abc import Mapping

from accounts.pool.quota_windows import Window
from accounts.snapshot import AccountView
from relay.dialects.quotas.code_assist_quota import PATH
from relay.neutral.failures import Failure, Kind
from relay.upstream.connection.times import Times
from relay.upstream.quota_call import AGAIN_SECONDS, QuotaCall
from tests.accounts.worlds import view

ACCOUNT = view(1, kind="code_assist", project="p")
BODY = json.dumps({"buckets": [{"modelId": "m", "remainingFraction": 0.5}]}).encode()


class Upstream:
    """Answers the call, and writes down what was asked."""

    def __init__(self, answer: tuple[int, Mapping[str, str], bytes] | Failure | Exception) -> None:
        self.answer, self.now = answer, 1000.0
        self.asked: list[object] = []
        self.noted: list[tuple[int, list[Window]]] = []
        self.call = QuotaCall(self, self.note, self.clock)

    def note(self, account: int, windows: list[Window]) -> None:
        self.noted.append((account, windows))

    def clock(self) -> float:
        return self.now

    async def post_json(
        self,
        account: AccountView,
        path: str,
        body: object,
        headers: Mapping[str, str],
        times: Times,
        *,
        renews: bool,
    ) -> tuple[int, Mapping[str, str], bytes] | Failure:
        assert not renews, "a refusal of this call alone would cost the account its new token"
        self.asked.append((account.id, path, body))
        if isinstance(self.answer, Exception):
            raise self.answer
        self.call(account)  # it may sign in once more for this very call
        return self.answer

    async def signs_in(self, account: AccountView = ACCOUNT) -> None:
        """The account has a new token, and the call comes to its end."""
        self.call(account)
        for task in list(self.call._tasks):
            await task


async def test_it_is_asked_when_the_account_signs_in() -> None:
    """Once, with its project; again only after a while, however often it signs in."""
    upstream = Upstream((200, {}, BODY))
    await upstream.signs_in()
    await upstream.signs_in()
    assert upstream.asked == [(1, PATH, {"project": "p"})]
    [(account, [window])] = upstream.noted
    assert (account, window.model, window.used) == (1, "m", 0.5)
    upstream.now += AGAIN_SECONDS
    await upstream.signs_in()
    assert len(upstream.asked) == 2


async def test_other_kinds_have_no_such_call() -> None:
    """Nothing goes out for them."""
    upstream = Upstream((200, {}, BODY))
    await upstream.signs_in(view(2, kind="vertex"))
    assert upstream.asked == []


async def test_what_cannot_be_noted_is_nobodys_trouble() -> None:
    """Nothing is raised in a task that nobody waits for."""
    upstream = Upstream((200, {}, BODY))

    def refuses(account: int, windows: list[Window]) -> None:
        raise ValueError

    upstream.call = QuotaCall(upstream, refuses, upstream.clock)
    await upstream.signs_in()
    assert len(upstream.asked) == 1


async def test_a_call_that_fails_is_nobodys_trouble() -> None:
    """A refusal, a failure, an exception: nothing is known, and nothing is raised."""
    for answer in ((403, {}, BODY), Failure(Kind.NETWORK, "gone"), TimeoutError(), (200, {}, b"<html>")):
        upstream = Upstream(answer)  # type: ignore[arg-type]
        await upstream.signs_in()
        assert (len(upstream.asked), upstream.noted) == (1, [])
