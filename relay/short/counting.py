"""Token counting: upstream's own counter when the account has one, else an estimate that says so.

A count is an exchange too: it is admitted, takes an account, and has a row. When upstream's counter
fails for its own reasons, the estimate answers; what is wrong with the request is the client's to see.
"""

import time

import msgspec
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.snapshot import AccountView
from relay.dialects.client_side import Counting
from relay.dialects.interface import Dialect
from relay.dialects.token_estimate import estimate
from relay.engine.healing.signatures import SignatureCache
from relay.engine.stand_in import serve_or_stand_in
from relay.exchange.admitting import Admission, admitted
from relay.neutral.events import Usage
from relay.neutral.failures import Failure, Kind
from relay.short.short_exchange import ShortHands, as_chunk
from relay.short.short_work import Asked, CannotAsk, Served
from relay.short.told_counts import has_no_counter, told_count, told_failure
from relay.upstream.address import counter_path, is_claude_on_vertex, with_version
from relay.upstream.request import ClientCall, UpstreamRequest, prepare

NO_COUNT = "upstream's answer holds no count"

COUNT_HEADER = "X-Token-Count"
"""``exact``: upstream counted. ``estimate``: we did, in part or in all."""


COUNT_SECONDS = 30.0
"""How long is tried for an exact count; then the estimate answers."""


async def count_tokens(request: HttpRequest, dialect: Dialect, model: str) -> HttpResponseBase:
    """Answer a counting request; ``model`` where the path says it."""
    return await admitted(request, dialect, lambda admission: _counted(admission, model))


async def _counted(admission: Admission, model: str) -> HttpResponseBase:
    dialect = admission.dialect
    admission.authenticate()
    call, inspected = await admission.call(await admission.body(), model, False)
    call = await admission.in_its_session(call, inspected)
    admission.refuse_while_draining()
    call = msgspec.structs.replace(call, body=_counting(dialect).request(call.body))
    target = admission.targets(call)[0]
    work = Count(call, target.model)
    hands = ShortHands(admission, call, target, inspected.preview, work, sets_marks=False)
    hands.headers = ((COUNT_HEADER, "estimate"),)
    limits = admission.runtime.settings.limits(dialect)
    limits = msgspec.structs.replace(limits, deadline_seconds=min(limits.deadline_seconds, COUNT_SECONDS))
    stand_in = as_chunk(Served(_answer(call, estimate(call.body, len(call.raw)))))
    return await hands.serve(serve_or_stand_in(limits, stand_in), admission.admitted_at)


class Count:
    """What upstream's counter is asked, and what it answers (see ``short_work.Work``)."""

    def __init__(self, call: ClientCall, model: str) -> None:
        """``model`` is upstream's."""
        self._call = call
        self._model = model

    def asked(
        self,
        account: AccountView,
        signatures: SignatureCache,
        refused: frozenset[str] = frozenset(),
        healed: UpstreamRequest | None = None,
    ) -> Asked:
        """The count of an account that has a counter."""
        request = healed or prepare(self._call, account, self._model, signatures, None, time.time(), refused)
        path = counter_path(account, self._model, request.dialect)
        if path is None:
            message = "The accounts for this model have no token counter."
            raise CannotAsk(Failure(Kind.NO_ACCOUNT, message, 503))
        body = _counting(request.dialect).counter_body(account.kind, request.model, request.body)
        if is_claude_on_vertex(account, request.dialect):
            body = with_version(body, request.headers)
        return Asked(request, ((path, body),))

    def served(self, account: AccountView, asked: Asked, contents: list[bytes]) -> Served | Failure:
        """Upstream's count; what it had no place for is estimated, and said to be."""
        counting = _counting(asked.request.dialect)
        tokens = told_count(contents[0], counting.count_field)
        if tokens is None:
            return told_failure(asked.request, contents[0]) or Failure(Kind.GARBAGE, NO_COUNT)
        rest = counting.uncounted(account.kind, asked.request.body)
        tokens += estimate(rest, len(self._call.raw)) if rest else 0
        usage = Usage() if rest else Usage(input_uncached=tokens)
        return Served(_answer(self._call, tokens), usage, ((COUNT_HEADER, "estimate" if rest else "exact"),))

    def understood(self, failure: Failure) -> Failure:
        """That there is no counter is no fault of the request."""
        is_missing = has_no_counter(failure)
        return msgspec.structs.replace(failure, names_missing_thing=True) if is_missing else failure

    def takes_back(self, name: str) -> bool:
        """The request is healed as a generation's is."""
        return False

    def used(self, contents: list[bytes]) -> Usage:
        """To count is free."""
        return Usage()

    def refused(self, failure: Failure) -> Failure:
        """The estimate answers then."""
        return failure


def _answer(call: ClientCall, tokens: int) -> bytes:
    counting = _counting(call.dialect)
    return msgspec.json.encode({**counting.beside, counting.count_field: tokens})


def _counting(dialect: Dialect) -> Counting:
    """The counter of a dialect that has one."""
    if dialect.counting is None:
        raise TypeError(f"{dialect.name} has no counter")
    return dialect.counting
