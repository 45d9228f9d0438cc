"""One sign-in for all processes, over a real Redis."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest
from redis import asyncio as redis_asyncio

from accounts.credentials.tokens import Authorizer, TokenUnavailable
from accounts.processes.shared_tokens import SharedTokens
from tests import stores
from tests.accounts.credentials.test_by_kind import OAUTH
from tests.accounts.credentials.test_tokens import TokenEndpoint, sealed


@pytest.fixture
def own_redis() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A Redis that the test may end, and its process."""
    url, process = stores.start_redis()
    yield url, process
    stores.end(process)


@pytest.fixture
async def processes(own_redis: tuple[str, "subprocess.Popen[bytes]"]) -> AsyncIterator[list[Authorizer]]:
    """Four processes' authorizers that ask one endpoint (``.endpoint`` of each)."""
    endpoint = TokenEndpoint()
    shared = [SharedTokens(own_redis[0]) for _ in range(4)]
    yield [Authorizer(endpoint, shared=tokens) for tokens in shared]
    for tokens in shared:
        await tokens.close()


def asked(processes: list[Authorizer]) -> TokenEndpoint:
    """The endpoint that all of them ask."""
    endpoint = processes[0]._post
    assert isinstance(endpoint, TokenEndpoint)
    return endpoint


async def test_one_refresh_for_all_processes(processes: list[Authorizer]) -> None:
    """Four processes that need a token at the same moment cause one refresh; a late one takes it over."""
    account = sealed("code_assist", OAUTH)
    signing = [asyncio.create_task(one.headers(account)) for one in processes[:3]]
    assert await asyncio.gather(*signing) == [{"authorization": "Bearer t1"}] * 3
    assert await processes[3].headers(account) == {"authorization": "Bearer t1"}
    assert len(asked(processes).asked) == 1


async def test_a_refused_token_is_renewed_once(processes: list[Authorizer]) -> None:
    """Upstream takes the token no more: one process fetches another, and nobody goes back to the first."""
    account = sealed("code_assist", OAUTH)
    first = [await one.headers(account) for one in processes]
    renewed = [await one.renewed(account, headers) for one, headers in zip(processes, first, strict=True)]
    assert renewed == [{"authorization": "Bearer t2"}] * 4
    assert len(asked(processes).asked) == 2


async def test_a_failure_leaves_the_turn_to_the_next(processes: list[Authorizer]) -> None:
    """Who waited for one that failed tries for itself, at once."""
    account = sealed("code_assist", OAUTH)
    asked(processes).answer = (503, {})
    for one in processes[:2]:
        with pytest.raises(TokenUnavailable):
            await one.headers(account)
    asked(processes).answer = None
    assert await processes[2].headers(account) == {"authorization": "Bearer t3"}


async def test_nothing_readable_lies_in_redis(
    processes: list[Authorizer], own_redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    """The token is sealed with the Fernet key, and goes when it ends."""
    await processes[0].headers(sealed("code_assist", OAUTH))
    client = redis_asyncio.Redis.from_url(own_redis[0])
    [key] = await client.keys("*")
    assert b"t1" not in await client.get(key)
    assert 3000 < await client.ttl(key) < 3600
    await client.aclose()


async def test_without_redis_each_signs_in(
    processes: list[Authorizer], own_redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    """A Redis that is away costs a sign-in for each process, and no request."""
    stores.end(own_redis[1])
    account = sealed("code_assist", OAUTH)
    assert [await one.headers(account) for one in processes[:2]] == [
        {"authorization": "Bearer t1"},
        {"authorization": "Bearer t2"},
    ]
