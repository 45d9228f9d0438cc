"""What a campaign over several hosts did not keep of what is promised: a line for each. PURE."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from relay.simulator.ledger import Received
from tests.soak.several_hosts.several import BROKEN, Said, Talk

GENERATES = ("/messages", "enerateContent")
SHORTEST = 50
"""Characters of a signature."""
SKIPS = "skip_thought_signature_validator"
"""What stands for a signature that is not known."""


FULL = "all its slots are in use"
"""How a row says that its session's own account was full."""


def unkept_contract(talks: Iterable[Talk]) -> list[str]:
    """Each answer is whole, or ends with an error event where upstream broke it in the middle."""
    bad = [(one.number, said) for one in talks for said in one.said if not _is_promised(said)]
    return [f"conversation {number}: {said}" for number, said in bad]


def _is_promised(said: Said) -> bool:
    return said.ending == ("error event" if said.fault in BROKEN else "whole") and said.status == 200


def wrong_rows(talks: Iterable[Talk], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each request has one row, each row a request, and none is left open."""
    asked = Counter(said.request_id for one in talks for said in one.said)
    there = Counter(str(row["id"]) for row in rows)
    problems = [f"a client's {name} of no row" for name in asked if name not in there]
    problems += [f"a row {name} of no request" for name in there if name not in asked]
    problems += [f"{name} is there {number} times" for name, number in there.items() if number > 1]
    return problems + [f"a row {row['id']} is still open" for row in rows if row["in_flight"]]


def is_all_written(talks: Iterable[Talk], rows: Sequence[Mapping[str, Any]]) -> bool:
    """Has each request its row by now, and has that ended?"""
    there = {str(row["id"]) for row in rows if not row["in_flight"]}
    return all(said.request_id in there for one in talks for said in one.said) and len(there) == len(rows)


def moved(
    talks: Iterable[Talk],
    rows: Iterable[Mapping[str, Any]],
    away: tuple[float, float],
    began: float = 0,
    limit: int = 0,
) -> list[str]:
    """A conversation whose upstream never failed has one account to its end.

    While Redis is ``away`` (epoch milliseconds) each process has a share of each limit: where that is full
    the conversation goes on at another account. So it does where all slots of its own are in use, if the rows
    bear that out: ``limit`` of them ran there at once. What is told says when, in seconds from ``began`` on
    (epoch milliseconds too), and in which process.
    """
    rows = list(rows)
    account_of = {str(row["id"]): str(row["account"]) for row in rows}
    process_of = {str(row["id"]): str(row.get("process_id", "")) for row in rows}
    why = {str(row["id"]): row["stand_in"] for row in rows if row.get("stand_in")}
    problems = []
    for one in talks:
        ids = [said.request_id for said in one.said if said.request_id in account_of]
        may_move = any(away[0] <= UUID(name).int >> 80 <= away[1] for name in ids)
        found = Counter(account_of[name] for name in ids)
        if len(found) > 1 and not one.faulty and not may_move:
            usual = found.most_common(1)[0][0]
            strays = [
                f"{account_of[name]} at {((UUID(name).int >> 80) - began) / 1000:.1f} s in {process_of[name]}"
                f" ({why.get(name, 'no reason told')})"
                for name in ids
                if account_of[name] != usual
                and not (FULL in why.get(name, "") and _ran_at_once(rows, usual, name) >= limit > 0)
            ]
            if not strays:
                continue
            problems.append(f"conversation {one.number} moved: {found}: {', '.join(strays)}")
    return problems


def _ran_at_once(rows: Sequence[Mapping[str, Any]], account: str, name: str) -> int:
    """The most requests that the account served at once within two seconds of that request's admission."""
    asked = UUID(name).int >> 80
    moments = []
    for row in rows:
        begins = UUID(str(row["id"])).int >> 80
        ends = begins + float(row.get("duration_ms") or 0)
        if row["account"] == account and begins <= asked + 2000 and ends >= asked:
            moments += [(begins, 1), (ends, -1)]
    running = most = 0
    for _, step in sorted(moments):
        running += step
        most = max(most, running)
    return most


def back_at(log: str) -> list[float]:
    """When processes counted by Redis again (epoch seconds), by a host's log."""
    found = re.findall(r"^(\S+ \S+) INFO .*Redis is back: in-flight limits", log, re.MULTILINE)
    return [datetime.fromisoformat(moment).timestamp() for moment in found]


def late_back(moments: Iterable[float], since: float, longest_seconds: float) -> list[str]:
    """No process goes by its share for longer than that after Redis came back (epoch seconds)."""
    late = max((moment - since for moment in moments), default=0.0)
    return [f"a process counted again {late:.1f} s after Redis was back"] if late > longest_seconds else []


def unsigned(requests: Iterable[Received], began: float = 0) -> list[str]:
    """Every function call goes up with the signature that it came with; told with seconds since ``began``."""
    signed, problems = 0, []
    for request in requests:
        if "enerateContent" not in request.path:
            continue
        contents = request.json()["contents"]
        parts = [part for content in contents for part in content["parts"]]
        found = [part.get("thoughtSignature", "") for part in parts if "functionCall" in part]
        bad = [signature for signature in found if len(signature) < SHORTEST or SKIPS in signature]
        signed += len(found) - len(bad)
        if bad:
            about = next(part["text"] for part in parts if "text" in part)
            problems.append(
                f"{request.account} at {request.received_at - began:.1f} s:"
                f" {len(bad)} of {len(found)} calls unsigned {bad[:1]}: {about}"
            )
    return problems if signed else ["no signed call went up", *problems]


def passed_limits(requests: Iterable[Received], limit: int) -> list[str]:
    """At no moment does an account serve more than ``limit`` requests.

    One that this side broke off counts until then: the simulator sees it later than who has left.
    """
    moments: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for request in requests:
        if any(path in request.path for path in GENERATES) and request.ended_at is not None:
            ends = request.ended_at if request.ended_by == "simulator" else request.headers_at
            if ends is not None:
                moments[request.account] += [(request.received_at, 1), (ends, -1)]
    problems = []
    for account, changes in sorted(moments.items()):
        running = peak = 0
        for _, change in sorted(changes):
            running += change
            peak = max(peak, running)
        if peak > limit:
            problems.append(f"{account} served {peak} at once, {limit} is its limit")
    return problems
