"""Whose word on a quota is believed."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from monitor.masking.known import NOTHING_KNOWN
from relay.neutral.failures import Failure, Kind
from relay.upstream.client import UpstreamClient
from relay.upstream.connection.times import Times
from tests.accounts.worlds import view


@pytest.mark.parametrize(
    ("status", "is_heard"), [(200, True), (429, True), (404, False), (400, False), (503, False)]
)
async def test_only_answers_and_quotas_tell_of_a_quota(
    monkeypatch: pytest.MonkeyPatch, status: int, is_heard: bool
) -> None:
    """A refusal of a model that a client invented brings no windows under that name."""
    client, heard = UpstreamClient(5, 1_000_000, "me"), list[str]()

    async def signed_in(account: object, send: Callable[..., Any]) -> tuple[httpx.Response, object]:
        return httpx.Response(status, content=b"{}"), NOTHING_KNOWN

    async def refusal(*args: object) -> Failure:
        return Failure(Kind.GARBAGE, "refused")

    monkeypatch.setattr(client, "_signed_in", signed_in)
    monkeypatch.setattr(client, "_refusal", refusal)
    monkeypatch.setattr(client, "heard", lambda account, model, headers, body: heard.append(model))
    await client.open(view(1), SimpleNamespace(model="invented"), Times(0.0))  # type: ignore[arg-type]
    assert heard == (["invented"] if is_heard else [])
    await client.close()
