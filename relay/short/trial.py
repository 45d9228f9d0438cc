"""Test an account with one real, tiny request, for the operator who has just entered it."""

import asyncio
import time
from typing import Literal

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _

from accounts.admin.actions import AccountTestResult
from accounts.facts.known_models import facts_for
from accounts.snapshot import AccountView
from monitor.masking.known import NOTHING_KNOWN
from relay.dialects.errors.refused_parameters import known_refusals
from relay.dialects.interface import Decoder, DecoderOptions
from relay.dialects.registry import dialect_for, upstream_dialect
from relay.engine.attempts import serve
from relay.engine.commands import Around, ExchangeEnd, LookAround, PickAccount, Picked
from relay.engine.facts import Fact
from relay.engine.retrying.deadlines import TimeLimits
from relay.engine.retrying.policy import EarnedMark
from relay.exchange.driver import Driver
from relay.exchange.performing.hands import OpenAnswer
from relay.exchange.runtime import others
from relay.neutral.conversation import Conversation, Text, Turn
from relay.neutral.events import Chunk
from relay.neutral.failures import CannotCarry, Failure, Kind
from relay.short.trial_models import models_to_try
from relay.short.trial_words import asked, is_wrong_path, said_of
from relay.upstream.address import stream_url
from relay.upstream.client import UpstreamClient
from relay.upstream.connection.times import Times
from relay.upstream.hops import this_instance
from relay.upstream.masking import MaskedDecoder
from relay.upstream.request import UpstreamRequest, default_headers, taken_back, without_refused
from relay.upstream.response import UpstreamResponse

TEST_SECONDS = 30.0
MODELS_TRIED = 3
"""An account may lack the newest models; a few are tried before it is called broken."""

_QUESTION = Conversation(turns=(Turn("user", (Text("Answer with the word OK."),)),), max_tokens=64)


async def test_account(account: AccountView) -> AccountTestResult:
    """Ask ``account`` for one word; in plain words, how it went. It may be disabled."""
    models = models_to_try(account.kind, account.models)[:MODELS_TRIED]
    if not models:
        return AccountTestResult(
            False, _("There is no model to ask for: name one in the account's list of models.")
        )
    environment = settings.ENVIRONMENT
    client = UpstreamClient(
        environment.relay_connect_timeout_seconds, environment.relay_max_answer_bytes, this_instance()
    )
    client.others = others
    try:
        said, refused = "", 0
        for model in models:
            request = _request(account, model)
            url, began = stream_url(account, request), time.monotonic()
            try:
                async with asyncio.timeout(TEST_SECONDS):
                    failure = await _ask(client, account, request)
            except TimeoutError:
                said = _("%(model)s did not answer within %(seconds)g s. Try again, or check the base URL.")
                said = f"{said % {'model': model, 'seconds': TEST_SECONDS}} {asked(url)}"
                break
            if failure is None:
                seconds = time.monotonic() - began
                told = _("%(model)s answered in %(seconds)s s. The account works.")
                told %= {"model": model, "seconds": f"{seconds:.1f}"}
                return AccountTestResult(True, f"{told} {asked(url)}")
            said, refused = said_of(failure, model, url), _refused_with(failure)
            if failure.status != 404 or is_wrong_path(failure, model):
                break
        return AccountTestResult(False, said, refused)
    finally:
        await client.close()


def _refused_with(failure: Failure) -> int:
    """The status where it was the credential that was refused, else 0."""
    is_refused = failure.status in {401, 403} or failure.account_fault
    return (failure.status or 401) if is_refused and not failure.names_missing_thing else 0


async def _ask(client: UpstreamClient, account: AccountView, request: UpstreamRequest) -> Failure | None:
    """Why the account gave no answer to the question; None where it gave a whole one."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[ExchangeEnd] = loop.create_future()
    engine = serve(
        TimeLimits(first_data_seconds=TEST_SECONDS, deadline_seconds=TEST_SECONDS, backoff_scale=0),
        1,
        is_collected=True,
    )
    hands = TrialHands(client, account, request)

    def on_end(end: ExchangeEnd) -> None:
        if not ended.done():  # whoever asked has left
            ended.set_result(end)

    driver = Driver(engine, hands, loop.time(), on_end)
    driver.start()
    try:
        failure = (await ended).failure
        return failure and (hands.refusal or failure)  # a client would be told another status
    finally:
        driver.stop("client")
        await driver.wait()


def _request(account: AccountView, model: str) -> UpstreamRequest:
    facts = facts_for(model, account.kind)
    dialect = dialect_for(account.kind, upstream_dialect(account.kind), facts)
    try:
        body = dialect.as_stream(dialect.write(_QUESTION, model, facts, []))
        body, _ = without_refused(dialect, body, known_refusals(facts, is_own=False), is_own=False)
    except CannotCarry as error:
        raise AssertionError("a plain question can be asked in every dialect") from error
    return UpstreamRequest(
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


class TrialHands:
    """The driver's hands for a test: one account, one attempt, and nothing that outlives it."""

    def __init__(self, client: UpstreamClient, account: AccountView, request: UpstreamRequest) -> None:
        """Nothing was asked yet."""
        self._client = client
        self._account = account
        self._request = request
        self._known = NOTHING_KNOWN
        self._is_asked = False
        self.refusal: Failure | None = None
        """Why upstream did not answer the latest question, with its own status."""

    async def pick(self, command: PickAccount) -> Picked | Failure:
        """The account, once: a test tells of the first failure."""
        if self._is_asked:
            return Failure(Kind.NO_ACCOUNT, "the account was tested", 503)
        self._is_asked = True
        account = self._account
        return Picked(
            0.0, account.id, account.email, account.kind, self._request.model, is_same_dialect=False
        )

    async def open(self) -> OpenAnswer | Failure:
        """Send the question."""
        opened = await self._client.open(self._account, self._request, Times(0))  # nobody asks when
        self.refusal = None if isinstance(opened, UpstreamResponse) else opened
        if isinstance(opened, UpstreamResponse):
            self._known = opened.known
        return opened

    def decoder(self) -> Decoder:
        """For the answer."""
        options = DecoderOptions(
            self._request.facts.family, "test", is_enveloped=self._account.kind == "code_assist"
        )
        return MaskedDecoder(self._request.dialect.decoder(options), self._known)

    async def encode(self, chunk: Chunk, is_spliced: bool) -> bytes:
        """Nobody reads it."""
        return b""

    def unsayable(self) -> Failure | None:
        """Nothing is said."""
        return None

    def look_around(self, command: LookAround) -> Around:
        """Nobody else."""
        return Around(0.0, another_is_free=False, all_are_marked=False)

    def settling(self) -> None:
        """Nothing is learned."""

    def turn(self, seconds: float) -> float | None:
        """Nobody is picked a second time."""
        return 0.0

    async def heal(self, how: Literal["strip", "drop_block", "parameter"], parameter: str) -> tuple[str, ...]:
        """The question has no history; what is refused of its form is taken back, as for any request."""
        taken = taken_back(self._request, parameter) if how == "parameter" else None
        if taken is None:
            return ()
        before, self._request, self._is_asked = self._request, taken, False
        return taken.changes[len(before.changes) :]

    async def ask_on(self, token: str) -> None:
        """The answer to a question of one word has no second half."""

    def mark(self, account: int, model: str, mark: EarnedMark) -> None:
        """A test changes nothing."""

    def note(self, fact: Fact) -> None:
        """It has no row."""

    def release(self) -> None:
        """No slot was taken."""

    def leave(self) -> None:
        """Nothing was."""
