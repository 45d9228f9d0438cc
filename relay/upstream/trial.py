"""Test an account with one real, tiny request, for the operator who has just entered it."""

import asyncio
import time

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _

from accounts.admin.actions import AccountTestResult
from accounts.facts.known_models import facts_for, names_offered_by
from accounts.snapshot import AccountView
from relay.dialects.interface import DecoderOptions
from relay.dialects.registry import dialect_for, upstream_dialect
from relay.engine import peek
from relay.neutral.conversation import Conversation, Text, Turn
from relay.neutral.events import StreamState
from relay.neutral.failures import CannotCarry, Failure
from relay.upstream.client import UpstreamClient
from relay.upstream.failures import failure_while_reading
from relay.upstream.masking import MaskedDecoder
from relay.upstream.request import UpstreamRequest, default_headers
from relay.upstream.response import UpstreamResponse
from relay.upstream.times import Times

TEST_SECONDS = 30.0
MODELS_TRIED = 3
"""An account may lack the newest models; a few are tried before it is called broken."""

_QUESTION = Conversation(turns=(Turn("user", (Text("Answer with the word OK."),)),), max_tokens=64)


async def test_account(account: AccountView) -> AccountTestResult:
    """Ask ``account`` for one word; in plain words, how it went. It may be disabled."""
    models = (account.models or tuple(names_offered_by(account.kind)))[:MODELS_TRIED]
    if not models:
        return AccountTestResult(
            False, _("There is no model to ask for: name one in the account's list of models.")
        )
    environment = settings.ENVIRONMENT
    client = UpstreamClient(environment.relay_connect_timeout_seconds, environment.relay_max_answer_bytes)
    try:
        said = ""
        for model in models:
            began = time.monotonic()
            try:
                async with asyncio.timeout(TEST_SECONDS):
                    failure = await _ask(client, account, model)
            except TimeoutError:
                said = _("%(model)s did not answer within %(seconds)g s. Try again, or check the base URL.")
                said %= {"model": model, "seconds": TEST_SECONDS}
                break
            if failure is None:
                seconds = time.monotonic() - began
                told = _("%(model)s answered in %(seconds)s s. The account works.")
                return AccountTestResult(True, told % {"model": model, "seconds": f"{seconds:.1f}"})
            said = f"{model}: {failure.message}"
            if failure.status != 404:
                break
        return AccountTestResult(False, said)
    finally:
        await client.close()


async def _ask(client: UpstreamClient, account: AccountView, model: str) -> Failure | None:
    facts = facts_for(model, account.kind)
    dialect = dialect_for(account.kind, upstream_dialect(account.kind), facts)
    try:
        body = dialect.as_stream(dialect.write(_QUESTION, model, facts, []))
    except CannotCarry as error:
        raise AssertionError("a plain question can be asked in every dialect") from error
    request = UpstreamRequest(
        dialect=dialect,
        is_same_dialect=False,
        model=model,
        facts=facts,
        body=body,
        content=msgspec.json.encode(body),
        headers=default_headers(dialect),
        changes=(),
        thinks_unseen=False,
        has_thinking=False,
    )
    opened = await client.open(account, request, Times(0))  # nobody asks when
    if isinstance(opened, Failure):
        return opened
    try:
        return await _first_answer(opened, request, account)
    except Exception as error:
        return failure_while_reading(error)
    finally:
        await opened.close()


async def _first_answer(
    response: UpstreamResponse, request: UpstreamRequest, account: AccountView
) -> Failure | None:
    options = DecoderOptions(request.facts.family, "test", is_enveloped=account.kind == "code_assist")
    decoder = MaskedDecoder(request.dialect.decoder(options), response.known)
    state = StreamState()
    while True:
        data = await response.read()
        chunk = decoder.finish() if data is None else decoder.feed(data)
        state.fold(chunk.events)
        verdict = peek.examine(chunk.events, state)
        if verdict is True:
            return None
        if isinstance(verdict, Failure):
            return verdict
        if data is None:
            return peek.EMPTY
