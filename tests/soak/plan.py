"""What a campaign asks, out of a seed: who asks whom for what, which faults strike where, what may come.

The oracle knows the contract (``proxyproject.faultlab.contract``) and nothing of the server. Where chance
decides how far a fault let the answer come (a reset overtakes what was sent before it), it allows both.
"""

import random
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from proxyproject.faultlab.contract import ALL, CONTRACTS, Contract, Expected
from proxyproject.faultlab.ways import MODELS, Form, Request, request
from proxyproject.faultlab.world import LabAccount
from relay.simulator.faults.faults import CATALOGUE, FaultStage
from relay.simulator.model.prose import Prose

FORMS: tuple[Form, ...] = ("anthropic", "gemini", "openai", "responses")
MAX_ATTEMPTS = 3
MAX_CONTINUATIONS = 2
BIG_BYTES = 200_000
_POSITION = re.compile(r"@\d+")
_NO_STATUS = ("hang", "reset0", "html_200")  # refusals that no HTTP status tells

Kind = Literal["fine", "before", "middle", "either", "final", "own end"]


class Strike(Struct, frozen=True):
    """A fault as it is written for one attempt, and its row of the contract."""

    spec: str
    contract: Contract

    @property
    def kind(self) -> Kind:
        """How far the answer comes under it."""
        once = self.contract.stream_once
        if self.contract.name in ("reset", "cut_at_byte") and ("@" in self.spec or "cut" in self.spec):
            return "either"
        match once.ends:
            case "whole":
                return "fine" if once.attempts == 1 else "before"
            case "error event":
                return "middle"
            case "own end":
                return "own end"
            case "status":
                return "final"

    @property
    def is_real_status(self) -> bool:
        """Did upstream itself say a status?"""
        is_refusal = CATALOGUE[self.contract.name].stage is FaultStage.REFUSAL
        return self.contract.name == "error_event" or (is_refusal and self.contract.name not in _NO_STATUS)

    @property
    def own_trouble(self) -> int:
        """Where it stops the account: 1 for a limit, 2 for a refused account, 3 for a model it lacks."""
        status = self.contract.collected_always.status
        if self.contract.strikes_account or self.contract.spec in ("status=403", "forbidden"):
            return 2
        return {429: 1, 404: 3}.get(status, 0) if self.is_real_status else 0


class Exchange(Struct, frozen=True):
    """One exchange of the campaign. Its model's name is its own, so its row and its marks are, too."""

    number: int
    form: Form
    upstream: str
    is_stream: bool
    events: int
    strikes: tuple[Strike, ...]
    leaves_after_bytes: int | None
    continues: bool = False  # its mapping says so
    echo: int = 0  # words that are said again when it is gone on with
    accent: str = ""  # the form in which upstream writes its stream

    @property
    def model(self) -> str:
        return f"{MODELS[self.upstream]}-s{self.number}"

    @property
    def prompt(self) -> str:
        specs = ", ".join(strike.spec for strike in self.strikes) or "ok"
        tool = " Please use the tool." if self.asked == "tool" else ""
        echo = f", echo={self.echo}" if self.echo else ""
        said = f"[say: events={self.events}{echo}] [fault#s{self.number}: {specs}]"
        accent = f" [accent: {self.accent}]" if self.accent else ""
        return f"Exchange {self.number}.{tool} {said}{accent}"

    @property
    def asked(self) -> str:
        return self.strikes[0].contract.asked if self.strikes else "plain"

    @property
    def shape(self) -> Prose:
        return Prose(events=self.events)

    @property
    def own_accounts(self) -> tuple[str, ...]:
        """Where a whole account is struck, nobody else uses it."""
        if not any(strike.contract.strikes_account for strike in self.strikes):
            return ()
        return tuple(f"{letter}{self.number}@{self.upstream}" for letter in "abc")

    def request(self, model: str = "") -> Request:
        """The request; ``model`` where the server knows it by another name than ours."""
        return request(
            self.form,
            model or self.model,
            self.prompt,
            is_stream=self.is_stream,
            asked=self.asked,  # type: ignore[arg-type]
        )

    def allowed(self) -> list[Expected]:
        """Everything that the contract allows to come of it."""
        first = self.strikes[0].contract if self.strikes else None
        if first is not None and first.asked != "plain":
            return [first.expected(is_stream=self.is_stream, always=len(self.strikes) > 1)]
        return list(_outcomes(self.strikes, self.is_stream, (), self.continues))


def _outcomes(
    strikes: Sequence[Strike], is_stream: bool, failed: tuple[Strike, ...], continues: bool = False
) -> Iterator[Expected]:
    """What may come of the attempts that are left, behind those that ``failed``."""
    attempts = len(failed) + 1
    if attempts > MAX_ATTEMPTS:
        yield _given_up(failed)
        return
    strike, rest = (strikes[0], strikes[1:]) if strikes else (None, ())
    kind = strike.kind if strike else "fine"
    outcome = "ok" if attempts == 1 else "retried"
    if strike is None or kind == "fine" or strike.contract.name == "cut_at_byte":
        yield Expected("whole", 200, attempts, outcome)
    if strike is None or kind == "fine":
        return
    if kind == "own end":
        own = strike.contract.stream_once.outcome
        yield Expected("own end", 200, attempts, outcome if own == "ok" else own)
    elif kind == "final":
        yield Expected("status", strike.contract.stream_once.status, attempts, "error")
    if is_stream and kind in ("middle", "either"):
        if continues:
            yield _gone_on_with(rest, attempts)
        else:
            yield Expected("error event", 200, attempts, "interrupted")
    if kind in ("before", "either") or (kind == "middle" and not is_stream):
        yield from _outcomes(rest, is_stream, (*failed, strike), continues)


def _gone_on_with(strikes: Sequence[Strike], attempts: int) -> Expected:
    """What comes of an answer that broke off behind so many ``attempts``: every leg may be struck."""
    for leg in range(MAX_CONTINUATIONS):
        if leg >= len(strikes) or strikes[leg].kind == "fine":
            return Expected("whole", 200, attempts + leg + 1, "continued")
    return Expected("error event", 200, attempts + MAX_CONTINUATIONS, "interrupted")


def _given_up(failed: tuple[Strike, ...]) -> Expected:
    """All attempts failed: the last real status, else the last failure's.

    Where that is an account's own trouble, it is what stops its accounts: limits before refusals, those
    before missing models.
    """
    real = [strike for strike in failed if strike.is_real_status]
    told = real[-1] if real else failed[-1]
    if told.own_trouble:
        told = min((one for one in reversed(real) if one.own_trouble), key=lambda one: one.own_trouble)
    always = told.contract.collected_always
    return Expected("status", always.status, MAX_ATTEMPTS, always.outcome)


def campaign(
    seed: int,
    streamed: int,
    collected: int,
    leaving: float,
    forms: Sequence[Form] = FORMS,
    upstreams: Sequence[str] = ALL,
    continued: int = 0,
) -> list[Exchange]:
    """The exchanges of ``seed``; a share ``leaving`` of the clients goes before the end.

    ``forms`` and ``upstreams`` are the dialects of the clients and of what they are relayed to. ``continued``
    are further ones, streamed, on mappings that continue what breaks off.
    """
    chance = random.Random(seed)
    ways = [True] * streamed + [False] * collected
    chance.shuffle(ways)
    exchanges = [
        _exchange(chance, number, is_stream, leaving, chance.choice(forms), chance.choice(upstreams))
        for number, is_stream in enumerate(ways)
    ]
    if continued:
        for number in range(len(ways), len(ways) + continued):
            exchanges.append(_continued(chance, number, chance.choice(forms), chance.choice(upstreams)))
        chance.shuffle(exchanges)
    return exchanges


BREAKS = (
    "cut",
    "reset",
    "stall",
    "cut_inside_event",
    "cut_inside_character",
    "end",
    "error_event",
    "garbage",
)
"""What breaks a text in its middle. (``no_finish`` does not: there the text is whole.)"""
SILENCES = (
    "reset0", "status=500", "status=502", "status=503", "status=504", "html_200", "stop_empty", "empty",
    "empty_json", "comments=3", "reset_after_headers", "cut", "cut@0", "reset", "end", "garbage", "hang",
)  # fmt: skip
"""What keeps an attempt from saying anything, and marks no account for longer than a moment."""


def _continued(chance: random.Random, number: int, form: Form, upstream: str) -> Exchange:
    """One whose answer breaks off in its text at least once, and perhaps its continuations, too.

    A break leaves something to say for every leg behind it; otherwise nobody could tell what it is.
    """
    client = "openai" if form == "responses" else form
    rows = [
        c
        for c in CONTRACTS
        if client in c.clients and upstream in c.upstreams and c.asked == "plain" and not (c.kind or c.switch)
    ]
    breaks = [c for c in rows if c.name in BREAKS and "@" in c.spec and not c.spec.startswith("cut@0")]
    silences = [c for c in rows if c.spec in SILENCES]
    events = chance.randint(6, 30)
    strikes = [Strike(row.spec, row) for row in chance.choices(silences, k=chance.choice((0, 0, 0, 1)))]
    strikes.append(_placed(chance, chance.choice(breaks), events - 4))
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        kind = chance.choice((breaks, breaks, silences))
        strikes.append(_placed(chance, chance.choice(kind), 3))
    echo = chance.choice((0, 0, 3, 4, 8, 1000))
    return Exchange(number, form, upstream, True, events, tuple(strikes), None, True, echo)


def _exchange(
    chance: random.Random, number: int, is_stream: bool, leaving: float, form: Form, upstream: str
) -> Exchange:
    client = "openai" if form == "responses" else form
    rows = [
        c for c in CONTRACTS if client in c.clients and upstream in c.upstreams and not (c.kind or c.switch)
    ]
    events = chance.randint(3, 30)
    strikes: list[Strike] = []
    for _ in range(chance.choices((0, 1, 2, 3, 4), (15, 50, 15, 10, 10))[0]):
        row = chance.choice(rows)
        if row.asked != "plain":  # the answer is another one, so nothing else strikes it
            if form == "responses" and row.asked != "tool":
                continue
            strikes = [Strike(row.spec, row)] * chance.choice((1, 4))
            break
        strikes.append(_placed(chance, row, events))
        if strikes[-1].kind in ("fine", "own end", "final"):
            break
    leaves = chance.randint(0, 4000) if chance.random() < leaving else None
    return Exchange(number, form, upstream, is_stream, events, tuple(strikes), leaves)


def _placed(chance: random.Random, row: Contract, events: int) -> Strike:
    """The fault at a random place; ``@0`` and a fault without a place stay where the contract has them."""
    spec = row.spec
    if row.name == "big_event":
        spec = f"big_event={BIG_BYTES}"
    elif row.name == "cut_at_byte":
        spec = f"cut_at_byte={chance.randint(0, 6000)}"
    elif "@" in spec and not spec.startswith("cut@0"):
        first = 2 if "inside" in spec else 1
        spec = _POSITION.sub(f"@{chance.randint(first, events + 1)}", spec)
    return Strike(spec, row)


def mappings(exchanges: Sequence[Exchange]) -> list[dict[str, object]]:
    """From its model to itself, for every exchange that is continued."""
    return [
        {"pattern": one.model, "target": one.model, "kinds": [one.upstream], "continuation": True}
        for one in exchanges
        if one.continues
    ]


def accounts(exchanges: Sequence[Exchange]) -> list[LabAccount]:
    """Three accounts for every upstream, and three of its own for whatever strikes whole accounts."""
    shared: dict[str, list[str]] = {upstream: [] for upstream in ALL}
    made = []
    for exchange in exchanges:
        if exchange.own_accounts:
            made += [
                LabAccount(exchange.upstream, email, (exchange.model,)) for email in exchange.own_accounts
            ]
        else:
            shared[exchange.upstream].append(exchange.model)
    for kind, models in shared.items():
        made += [LabAccount(kind, f"{letter}@{kind}", tuple(models)) for letter in "abc"]
    return made
