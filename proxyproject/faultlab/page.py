"""docs/faults.md, *What your client receives*: the contract in words. PURE."""

# ruff: noqa: E501  a row of a Markdown table stays on one line

from proxyproject.faultlab.contract import ALL, CONTRACTS, Contract, Expected
from relay.simulator.faults.faults import CATALOGUE, FaultStage

HEADINGS = {
    FaultStage.REFUSAL: "Instead of an answer",
    FaultStage.REPLY: "In what the model says",
    FaultStage.STREAM: "In the bytes of the stream",
}
_SWITCHES = {
    "continuation": "With *continue what breaks off* on in the mapping",
    "tool_safe": "With *hold tool calls until they are whole* on in the mapping",
}
NAMES = {"anthropic": "Anthropic", "gemini": "Gemini", "openai": "OpenAI"}

_INTRODUCTION = """# What your client receives

<!-- Written by `manage.py faultlab --write docs/faults.md`; the test suite holds it to the contract. -->

For every fault that an upstream can have: what a client of this server gets. It is a contract. `manage.py faultlab`
runs each row through the real server over real sockets, for every pair of client and upstream dialect, streamed and
not, and fails on any difference; so does the test suite. The admin's page *Fault lab* does the same at the press of a
button, and shows what came over the wire.

A fault strikes **once** (the first attempt meets it, the next finds nothing wrong) or **always** (every attempt
meets it, until none is left: three in all). The faults are those of the simulator ([simulator.md](simulator.md)),
written as they are there: `cut@3` strikes behind the third event of the answer, `cut` behind the headers.

| in the table | what the client receives |
|---|---|
| whole (2) | the whole answer, every character once, with the protocol's own end; at the second attempt |
| own end | the answer as far as the model meant to go, with its own reason for the end |
| 502 (3) | an HTTP error in the client's dialect with the reason, after three attempts; with `Retry-After` where it is known |
| 200, error event | what came of the answer, character for character, then one error event of the dialect, and no ending that says all is well |
| *healed* … | the outcome in the row, where it is none of `ok`, `retried`, `error` |

The error event is Anthropic's `event: error`; OpenAI's `data: {"error": …}` without `[DONE]` (Responses:
`response.failed`); Gemini's object that begins with `error`. A client that hears none of the ends was cut off by
something between it and this server.

Three things change the picture. After `RELAY_PATIENCE_SECONDS` (15 s) without an answer a stream is opened early,
so that the client does not give up: what stands here as an HTTP error is then the error event in a 200. Nothing of
the kind happens to a collected answer. The waits (`hang`, `stall`) last as long as `RELAY_PEEK_TIMEOUT_SECONDS` and
`RELAY_IDLE_TIMEOUT_SECONDS` say. And where many requests to one upstream fail at once, retries wait for their turn
(`RELAY_RETRY_SHARE`, `RELAY_RETRY_FLOOR`); behind a full queue (`RELAY_RETRY_QUEUE`) the failure in hand is the
answer, after fewer attempts.
"""


def faults_page() -> str:
    """The whole page, Markdown."""
    parts = [_INTRODUCTION]
    for stage, heading in HEADINGS.items():
        plain = [contract for contract in CONTRACTS if not contract.switch]
        parts.append(_table(heading, [c for c in plain if CATALOGUE[c.name].stage is stage]))
    for switch, heading in _SWITCHES.items():
        parts.append(_table(heading, [c for c in CONTRACTS if c.switch == switch]))
    return "\n".join(parts)


def _table(heading: str, contracts: list[Contract]) -> str:
    return (
        f"## {heading}\n\n"
        "| fault | what is done about it | stream, once | stream, always | collected, once | collected, always |\n"
        "|---|---|---|---|---|---|\n" + "\n".join(map(_row, contracts)) + "\n"
    )


def _row(contract: Contract) -> str:
    cells = [
        cell(expected)
        for expected in (
            contract.stream_once,
            contract.stream_always,
            contract.collected_once,
            contract.collected_always,
        )
    ]
    description = CATALOGUE[contract.name].description
    said = f"{description[0].upper()}{description[1:]}. {contract.says}{_where(contract)}"
    return f"| `{contract.spec}` | {said} | {' | '.join(cells)} |"


def _where(contract: Contract) -> str:
    said = []
    if contract.upstreams != ALL:
        said.append(f"{_listed(contract.upstreams)} upstreams")
    if contract.clients != ALL:
        said.append(f"{_listed(contract.clients)} clients")
    return f" *({', '.join(said)})*" if said else ""


def _listed(dialects: tuple[str, ...]) -> str:
    return " and ".join(NAMES[dialect] for dialect in dialects)


def cell(expected: Expected, *, mark: str = "*") -> str:
    """An expectation in a word or two: the ending, the attempts, and between ``mark`` a notable outcome."""
    match expected.ends:
        case "status":
            said = f"{expected.status} ({expected.attempts})"
        case "error event":
            said = "200, error event"
        case ends:
            said = f"{ends} ({expected.attempts})"
    return said if expected.outcome in _PLAIN else f"{said} {mark}{expected.outcome}{mark}"


_PLAIN = ("ok", "retried", "error")
