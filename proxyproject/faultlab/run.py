"""Runs the contract's cases through a lab and tells where what was received is not what was expected."""

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport
from msgspec import Struct

from proxyproject.faultlab.contract import Contract, Expected
from proxyproject.faultlab.reading import HeardAnswer, read
from proxyproject.faultlab.ways import MODELS, Form, Request, request
from proxyproject.faultlab.world import KEY, Lab, LabAccount
from relay.simulator.model.prose import Prose, answer_text, tag_of

AT_ONCE = 24
DEADLINE_SECONDS = 120.0
HEAD_BYTES, TAIL_BYTES = 1_500, 800
"""What is kept of the bytes of an answer: how it began, and how it ended."""


class Case(Struct, frozen=True):
    """One exchange of the lab; ``number`` makes its model's name, and so its accounts' marks, its own."""

    number: int
    contract: Contract
    client: Form
    upstream: str
    is_stream: bool
    always: bool
    accent: str = ""  # the form in which upstream writes its answer

    @property
    def expected(self) -> Expected:
        """What the contract says."""
        return self.contract.expected(is_stream=self.is_stream, always=self.always)

    @property
    def model(self) -> str:
        """The upstream model that is asked for."""
        return f"{MODELS[self.upstream]}-c{self.number}"

    @property
    def prompt(self) -> str:
        """The last user turn, with the fault in it."""
        ending = "*" if self.always else ", ok"
        tool = " Please use the tool." if self.contract.asked == "tool" else ""
        if self.contract.name == "invalid_grant":
            return f"Case {self.number}."
        silent = " [say: silent]" if self.contract.switch == "tool_safe" else ""  # no text before the call
        accent = f" [accent: {self.accent}]" if self.accent else ""
        return (
            f"Case {self.number}.{tool}{silent}{accent} [fault#c{self.number}: {self.contract.spec}{ending}]"
        )

    @property
    def kind(self) -> str:
        """Of the accounts that are asked."""
        return self.contract.kind or self.upstream

    @property
    def own_accounts(self) -> tuple[str, ...]:
        """E-mails of the accounts that only this case uses, where it strikes whole accounts."""
        return tuple(f"{letter}{self.number}@{self.kind}" for letter in "abc")

    @property
    def title(self) -> str:
        """The case in a line."""
        form = "streamed" if self.is_stream else "collected"
        often = "always" if self.always else "once"
        accent = f" in the accent {self.accent}" if self.accent else ""
        return f"{self.contract.label} {often}, {form}, {self.client} from {self.upstream}{accent}"

    def request(self) -> Request:
        """What is sent."""
        return request(
            self.client, self.model, self.prompt, is_stream=self.is_stream, asked=self.contract.asked
        )


class CaseResult(Struct):
    """What one case came to. ``differences`` is empty when the contract was kept.

    ``headers`` and ``wire`` are the answer as it came, its bytes shortened (``shortened``).
    """

    case: Case
    answer: HeardAnswer
    request_id: str
    attempts: int
    headers: list[tuple[str, str]] = []
    wire: str = ""
    wire_bytes: int = 0
    seconds: float = 0.0
    outcome: str = ""
    differences: list[str] = []


def cases(contracts: Iterable[Contract], ways: Iterable[tuple[Form, str]]) -> Iterator[Case]:
    """Every case of ``contracts`` for ``ways``: (client's dialect, upstream's dialect)."""
    number = 0
    for contract in contracts:
        for client, upstream in ways:
            if client in contract.clients and upstream in contract.upstreams:
                for is_stream in (True, False):
                    for always in (False, True):
                        yield Case(number, contract, client, upstream, is_stream, always)
                        number += 1


def accounts_for(chosen: Iterable[Case]) -> list[LabAccount]:
    """Three accounts for every upstream, and three of its own for a case that strikes whole accounts."""
    shared: dict[str, list[str]] = {}
    accounts = []
    for case in chosen:
        if case.contract.strikes_account:
            accounts += [LabAccount(case.kind, email, (case.model,)) for email in case.own_accounts]
        else:
            shared.setdefault(case.upstream, []).append(case.model)
    for kind, models in shared.items():
        accounts += [LabAccount(kind, f"{letter}@{kind}", tuple(models)) for letter in "abc"]
    return accounts


def mappings_for(chosen: Iterable[Case]) -> list[dict[str, Any]]:
    """A mapping of its own for each case that has a switch on: from the model to itself."""
    return [
        {"pattern": case.model, "target": case.model, "kinds": [case.kind], case.contract.switch: True}
        for case in chosen
        if case.contract.switch
    ]


async def run(
    lab: Lab, chosen: Sequence[Case], on_answer: Callable[[CaseResult], None] = lambda _: None
) -> list[CaseResult]:
    """All cases, some at a time, and what the server put on record of each.

    ``on_answer`` is called with each as it is answered, before it is compared.
    """
    for case in chosen:
        if case.contract.name == "invalid_grant":  # no prompt reaches a token endpoint
            refusals = "invalid_grant*" if case.always else "invalid_grant"  # whichever is asked first
            lab.simulator.plan(refusals, account=f"?{case.number}@{case.kind}", path="/token")
    gate = asyncio.Semaphore(AT_ONCE)
    limits = httpx.Limits(max_connections=2 * AT_ONCE)
    async with httpx.AsyncClient(
        base_url=lab.base_url,
        headers={"x-api-key": KEY},
        timeout=DEADLINE_SECONDS,
        transport=AiohttpTransport(limits=limits),
    ) as client:

        async def one(case: Case) -> CaseResult:
            result = await _received(client, gate, case)
            on_answer(result)
            return result

        # Mixed, always alike: 24 answers of 2 MB at once would be a test of the machine.
        mixed = random.Random(0).sample(chosen, len(chosen))  # noqa: S311  no secret
        results = sorted(await asyncio.gather(*map(one, mixed)), key=lambda result: result.case.number)
    rows = _rows(lab, len(results))
    for result in results:
        result.differences = _differences(result, rows.get(result.request_id, []))
    return results


async def _received(client: httpx.AsyncClient, gate: asyncio.Semaphore, case: Case) -> CaseResult:
    async with gate:
        asked = case.request()
        began = time.monotonic()
        body, is_complete = b"", True
        async with client.stream("POST", asked.path, json=asked.body) as response:
            try:
                async for piece in response.aiter_raw():
                    body += piece
            except httpx.HTTPError:
                is_complete = False
        answer = read(case.client, case.is_stream, response.status_code, body, is_complete=is_complete)
        headers = response.headers
        return CaseResult(
            case,
            answer,
            headers.get("x-request-id", ""),
            int(headers.get("x-attempts", "0")),
            list(headers.items()),
            shortened(body),
            len(body),
            time.monotonic() - began,
        )


def _rows(lab: Lab, exchanges: int) -> dict[str, list[dict[str, Any]]]:
    """The rows by request id, once there is one for each of the ``exchanges`` and none is in flight."""
    ends_at = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < ends_at:
        with sqlite3.connect(lab.data_dir / "proxy.sqlite3", timeout=20) as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute("SELECT * FROM monitor_requestlog")]
        connection.close()
        if len(rows) >= exchanges and not any(row["in_flight"] for row in rows):
            break
        time.sleep(0.05)
    by_id: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_id.setdefault(row["id"], []).append(row)
    return by_id


def _differences(result: CaseResult, rows: list[dict[str, Any]]) -> list[str]:
    """What is not as it should be, in words."""
    expected, answer, found = result.case.expected, result.answer, []

    def compare(what: str, wanted: object, got: object) -> None:
        if wanted != got:
            found.append(f"{what} {got!r} instead of {wanted!r}")

    compare("ending", "whole" if expected.ends == "own end" else expected.ends, answer.ending)
    compare("status", expected.status, answer.status)
    compare("rows", 1, len(rows))
    if rows:
        result.outcome = rows[0]["outcome"]
        compare("outcome", expected.outcome, result.outcome)
        compare("attempts", expected.attempts, rows[0]["attempts"])
        compare("status in the row", answer.status, rows[0]["status"])
    is_continuation = (
        result.case.contract.switch == "continuation" and result.case.is_stream
    )  # behind the headers
    if result.attempts and not is_continuation:
        compare("X-Attempts", expected.attempts, result.attempts)
    elif rows:
        result.attempts = rows[0]["attempts"]
    found += _flaws(result.case, expected, answer)
    if answer.why:
        found.append(answer.why)
    return found


def shortened(body: bytes) -> str:
    """The beginning and the end of ``body``; what is no UTF-8 is shown as bytes."""
    if len(body) <= HEAD_BYTES + TAIL_BYTES:
        return body.decode(errors="backslashreplace")
    left_out = len(body) - HEAD_BYTES - TAIL_BYTES
    head, tail = body[:HEAD_BYTES], body[-TAIL_BYTES:]
    begin, end = head.decode(errors="backslashreplace"), tail.decode(errors="backslashreplace")
    return f"{begin}\n… {left_out:,} bytes …\n{end}"


def _flaws(case: Case, expected: Expected, answer: HeardAnswer) -> list[str]:
    """What is wrong with the text or the calls."""
    if case.contract.asked == "tool":
        whole = [("weather", True)] if expected.ends == "whole" else []
        got = [(name, isinstance(arguments, dict)) for _, name, arguments in answer.calls[:1]]
        ids = [call_id for call_id, _, _ in answer.calls if call_id]
        doubled = case.client != case.upstream == "gemini" and len(ids) != len(set(ids))
        return [f"calls {answer.calls!r}"] * (got != whole or doubled)
    wanted = answer_text(case.prompt, Prose())
    said = answer.text
    if case.contract.name == "big_event" and expected.ends == "whole":
        begin, extra = said.find("big "), len(said) - len(wanted)
        is_right = extra > 1_000_000 and said[:begin] + said[begin + extra :] == wanted
        return [] if is_right else [f"text of {len(said)} characters, {begin} before the big event"]
    match expected.ends:
        case "whole":
            is_right = said == wanted
        case "status":
            is_right = not said
        case _ if case.contract.name == "no_finish":
            is_right = said == wanted
        case _:
            is_right = said != wanted and wanted.startswith(said)
    if is_right:
        return []
    return [
        f"text of {len(said)} characters instead of {len(wanted)}, tag {tag_of(case.prompt)}: {said[:80]!r}"
    ]
