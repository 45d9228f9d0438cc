"""Bearer tokens: fetched once however many wait, kept until shortly before their end."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from accounts.credentials.encryption import encrypt
from accounts.credentials.tokens import Authorizer, CredentialRefused, TokenUnavailable
from accounts.snapshot import AccountView
from tests.accounts.credentials.test_by_kind import OAUTH, SERVICE_ACCOUNT
from tests.accounts.hand_clock import settle
from tests.accounts.worlds import view


class TokenEndpoint:
    """Answers with a new token each time, once it may."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.answer: tuple[int, Any] | Exception | None = None

    async def __call__(self, address: str, form: Mapping[str, str]) -> tuple[int, Any]:
        self.asked.append((address, form))
        await self.may_answer.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or (200, {"access_token": f"t{len(self.asked)}", "expires_in": 3600})


class World:
    """An authorizer whose time stands still."""

    def __init__(self) -> None:
        self.endpoint = TokenEndpoint()
        self.now = 1000.0
        self.authorizer = Authorizer(self.endpoint, lambda: self.now)
        self.account = sealed("code_assist", OAUTH)


def sealed(kind: str, credential: dict[str, Any]) -> AccountView:
    return view(1, kind=kind, sealed=encrypt(credential))


@pytest.mark.parametrize(
    ("kind", "header"),
    [("gemini", "x-goog-api-key"), ("anthropic", "x-api-key"), ("openai", "authorization")],
)
async def test_keys_need_no_network(kind: str, header: str) -> None:
    """Kinds with a key sign in by themselves, and a refused key has no successor."""
    world = World()
    account = sealed(kind, {"api_key": "k"})
    headers = await world.authorizer.headers(account)
    assert list(headers) == [header]
    assert await world.authorizer.renewed(account, headers) is None
    assert world.endpoint.asked == []


async def test_a_replaced_key_is_used_at_once() -> None:
    """When the operator enters another key, the next request carries it."""
    world = World()
    await world.authorizer.headers(sealed("gemini", {"api_key": "old"}))
    new = sealed("gemini", {"api_key": "new"})
    assert await world.authorizer.headers(new) == {"x-goog-api-key": "new"}


async def test_one_refresh_however_many_wait() -> None:
    """Fifty requests that need a token cause one refresh, and all get its token."""
    world = World()
    world.endpoint.may_answer.clear()
    waiting = [asyncio.create_task(world.authorizer.headers(world.account)) for _ in range(50)]
    await settle()
    world.endpoint.may_answer.set()
    assert await asyncio.gather(*waiting) == [{"authorization": "Bearer t1"}] * 50
    assert len(world.endpoint.asked) == 1


async def test_who_goes_away_leaves_the_refresh_to_the_others() -> None:
    """A client that disconnects while it waits cancels nobody's refresh."""
    world = World()
    world.endpoint.may_answer.clear()
    first = asyncio.create_task(world.authorizer.headers(world.account))
    second = asyncio.create_task(world.authorizer.headers(world.account))
    await settle()
    first.cancel()
    await settle()
    world.endpoint.may_answer.set()
    assert await second == {"authorization": "Bearer t1"}


async def test_kept_until_shortly_before_its_end() -> None:
    """A token is used until two minutes before it ends, then another one is fetched."""
    world = World()
    await world.authorizer.headers(world.account)
    world.now += 3479
    assert await world.authorizer.headers(world.account) == {"authorization": "Bearer t1"}
    world.now += 1
    assert await world.authorizer.headers(world.account) == {"authorization": "Bearer t2"}


@pytest.mark.parametrize("expires_in", [60, None, "soon"])
async def test_odd_lives(expires_in: object) -> None:
    """A short life is used for most of its time; one that nobody told is taken for an hour."""
    world = World()
    world.endpoint.answer = (200, {"access_token": "t", "expires_in": expires_in})
    await world.authorizer.headers(world.account)
    world.now += 50
    await world.authorizer.headers(world.account)
    assert len(world.endpoint.asked) == 1


async def test_after_a_401() -> None:
    """A refused token is refreshed once; whoever was refused with the same token finds the new one."""
    world = World()
    refused = await world.authorizer.headers(world.account)
    both = await asyncio.gather(*(world.authorizer.renewed(world.account, refused) for _ in range(2)))
    late = await world.authorizer.renewed(world.account, refused)
    assert both == [{"authorization": "Bearer t2"}] * 2
    assert late == {"authorization": "Bearer t2"}
    assert len(world.endpoint.asked) == 2


@pytest.mark.parametrize(
    ("kind", "credential", "hint"),
    [
        ("code_assist", OAUTH, "sign in again"),
        ("vertex", SERVICE_ACCOUNT, "enter a new key"),
    ],
)
async def test_invalid_grant(kind: str, credential: dict[str, Any], hint: str) -> None:
    """A grant that is invalid stays so until the operator acts, and the reason says how."""
    world = World()
    world.endpoint.answer = (400, {"error": "invalid_grant", "error_description": "planted-secret"})
    with pytest.raises(CredentialRefused) as caught:
        await world.authorizer.headers(sealed(kind, credential))
    assert str(caught.value).startswith("invalid_grant: ")
    assert hint in str(caught.value)
    assert "planted-secret" not in str(caught.value)


async def test_wrong_client() -> None:
    """A client that the token endpoint does not know is the operator's to correct."""
    world = World()
    world.endpoint.answer = (401, {"error": "invalid_client"})
    with pytest.raises(CredentialRefused, match="client_id"):
        await world.authorizer.headers(world.account)


@pytest.mark.parametrize(
    "answer", [(500, {}), (200, {}), (200, ["no", "object"]), (429, None), OSError("planted-secret")]
)
async def test_endpoint_trouble_is_nobodys_fault(answer: Any) -> None:
    """A token endpoint that fails leaves the credential alone, and the next request tries again."""
    world = World()
    world.endpoint.answer = answer
    with pytest.raises(TokenUnavailable) as caught:
        await world.authorizer.headers(world.account)
    assert "planted-secret" not in str(caught.value)
    world.endpoint.answer = None
    assert await world.authorizer.headers(world.account) == {"authorization": "Bearer t2"}


async def test_a_credential_that_lacks_its_key_is_the_operators_to_enter_again() -> None:
    """It is the account's fault, and puts it out of service."""
    with pytest.raises(CredentialRefused):
        await World().authorizer.headers(sealed("gemini", {"api_key": ""}))


async def test_a_credential_that_cannot_be_opened_here_is_no_fault_of_the_account() -> None:
    """This host's key is wrong: the account that other hosts share is not put out of service by it."""
    with pytest.raises(TokenUnavailable, match="cannot be decrypted"):
        await World().authorizer.headers(view(1, sealed="gAAAA-no-token"))


async def test_service_account_is_exchanged_by_one_post() -> None:
    """A service account's signed assertion is exchanged for a bearer token at its own token address."""
    world = World()
    account = sealed("vertex", SERVICE_ACCOUNT | {"token_uri": "http://t.test/token"})
    assert await world.authorizer.headers(account) == {"authorization": "Bearer t1"}
    assert [address for address, _ in world.endpoint.asked] == ["http://t.test/token"]


def test_an_account_never_prints_its_credential() -> None:
    """The representation of an account holds no credential, not even the encrypted one."""
    account = sealed("gemini", {"api_key": "k"})
    assert account.sealed not in repr(account)
    assert account.sealed not in f"{account}"
