"""The requests that the gallery shows: one for every fault of the simulator, and one for every outcome.

Each is played by a real server over real sockets; what its page says is read from that page.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from msgspec import Struct

from monitor.record.records import Outcome
from proxyproject.faultlab.contract import ALL, CONTRACTS
from proxyproject.faultlab.page import HEADINGS
from proxyproject.faultlab.run import Case, accounts_for, mappings_for, run
from proxyproject.faultlab.ways import Form
from proxyproject.faultlab.world import ENVIRONMENT, KEY, Lab, lab_world
from relay.simulator.faults.faults import CATALOGUE
from tests.gallery.operator import make_operator

OUTCOMES = "Outcomes"
_SEEN = (Outcome.CONTINUED.value, Outcome.HEALED.value)
"""The outcomes of a fault that strikes once whose page shows what no other does."""
_OF_LIMITS = {
    Outcome.KEY_EXPIRED: "sk-of-yesterday",
    Outcome.NOT_ALLOWED: "sk-narrow-one",
    Outcome.RATE_LIMITED: "sk-seldom-used",
    Outcome.OVER_BUDGET: "sk-soon-spent",
}
"""The outcomes of a key's limits, and the key that meets each; they look alike, so words are enough."""
_CAP = {"MONITOR_BODY_CAP_BYTES": "20000"}  # big_event's page would be no more telling for its bytes


class Scene(Struct, frozen=True):
    """One request: where it stands in the gallery, what it is called there, and its id in the history.

    A fault that strikes once is mostly shown without a picture: the one for *always* shows more.
    """

    heading: str
    title: str
    request_id: str
    has_picture: bool = True

    @property
    def picture(self) -> str:
        """The file's name of its picture; empty where there is none."""
        kept = (letter if letter.isalnum() else "-" for letter in self.title.lower())
        return "-".join(filter(None, "".join(kept).split("-"))) + ".webp" if self.has_picture else ""


def chosen_cases() -> list[Case]:
    """Every row of the contract, streamed, for one pair of dialects; and what an attempt more makes of it."""
    cases: list[Case] = []
    for contract in CONTRACTS:
        upstream = contract.upstreams[0]
        client: Form = "anthropic" if "anthropic" in contract.clients else "gemini"
        for always in (False, True):
            is_same = contract.stream_once == contract.stream_always
            if always and is_same:
                continue
            cases.append(Case(len(cases), contract, client, upstream, is_stream=True, always=always))
    return cases


@contextmanager
def played() -> Iterator[tuple[Lab, list[Scene]]]:
    """The server with all requests behind it, and what they are. AssertionError where one went otherwise."""
    cases = chosen_cases()
    with lab_world(accounts_for(cases), ENVIRONMENT | _CAP, mappings_for(cases)) as lab:
        results = asyncio.run(run(lab, cases))
        assert [result.differences for result in results if result.differences] == []
        scenes = []
        for result in results:
            case = result.case
            stage = CATALOGUE[case.contract.name].stage
            is_twofold = case.contract.stream_once != case.contract.stream_always
            often = ("always" if case.always else "once") if is_twofold else ""
            way = ""
            if case.contract.upstreams != ALL or case.contract.clients != ALL:
                way = f"{case.client} client, {case.kind} upstream"
            title = ", ".join(filter(None, (case.contract.label, often, way)))
            scenes.append(
                Scene(
                    HEADINGS[stage],
                    title,
                    result.request_id,
                    has_picture=result.outcome in _SEEN or often != "once",
                )
            )
        by_outcome = {result.outcome: result.request_id for result in reversed(results)}
        by_outcome |= _without_a_fault(lab, cases[0].model)
        scenes += [
            Scene(OUTCOMES, word.value, by_outcome[word.value], has_picture=word not in _OF_LIMITS)
            for word in Outcome
            if word.value in by_outcome
        ]
        make_operator(lab)
        yield lab, scenes


def _without_a_fault(lab: Lab, model: str) -> dict[str, str]:
    """The outcomes that are no upstream's doing: what a key may not do, and a client that goes."""
    lab.manage("create_client_key", "old", "--key", "sk-of-yesterday", "--expires-at", "2026-01-01")
    lab.manage("create_client_key", "narrow", "--key", "sk-narrow-one", "--allow-model", "another-*")
    lab.manage("create_client_key", "seldom", "--key", "sk-seldom-used", "--requests-per-minute", "1")
    lab.manage("create_client_key", "spent", "--key", "sk-soon-spent", "--usd-per-month", "0.0001")
    body = {"model": model, "max_tokens": 64, "stream": True}
    prompt = "A long answer, and nobody to read it. [fault: stall@2]"
    asked = body | {"messages": [{"role": "user", "content": prompt}]}
    with httpx.Client(base_url=lab.base_url, timeout=30) as client:
        limited = {
            word.value: _refused(client, model, key).headers["x-request-id"]
            for word, key in _OF_LIMITS.items()
        }
        refused = client.post(
            "/v1/messages", json=asked, headers={"x-api-key": "sk-not-a-key-of-this-server"}
        )
        with client.stream("POST", "/v1/messages", json=asked, headers={"x-api-key": KEY}) as left:
            next(left.iter_raw())
    return limited | {
        Outcome.UNAUTHORIZED.value: refused.headers["x-request-id"],
        Outcome.CLIENT_CLOSED.value: left.headers["x-request-id"],
    }


def _refused(client: httpx.Client, model: str, key: str) -> httpx.Response:
    """The answer to ``key`` when the server knows it, and when it has used what it may."""
    ends_at = time.monotonic() + 30
    asked = {"model": model, "max_tokens": 64, "messages": [{"role": "user", "content": "Hello."}]}
    while True:
        answer = client.post("/v1/messages", json=asked, headers={"x-api-key": key})
        is_known = "missing or not valid" not in answer.text
        if (is_known and answer.status_code != 200) or time.monotonic() > ends_at:
            return answer
        time.sleep(0.1)
