"""What each dialect gives to the server: reading a request, writing an answer, telling an error."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from relay.simulator.connection.routes import Route
from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.model.asks import Ask
from relay.simulator.model.prefix import PromptCache
from relay.simulator.model.reply import Reply

Json = dict[str, Any]
encode_json = msgspec.json.Encoder().encode


class EventKind(StrEnum):
    """What a stream event carries, as far as a fault must know."""

    OPEN = "open"  # message and block starts, pings
    THINKING = "thinking"
    TEXT = "text"
    TOOL = "tool"
    CLOSE = "close"  # block ends, signatures
    END = "end"  # stop reason, usage, the terminal event


CONTENT = frozenset({EventKind.THINKING, EventKind.TEXT, EventKind.TOOL})


@dataclass(slots=True)
class SimulatedEvent:
    """One stream event: its kind, its JSON (or ``[DONE]``), and its SSE event name if it has one."""

    kind: EventKind
    data: bytes
    name: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How strict this simulator is.

    ``enforces_prefix``: thinking is refused after another conversation by the models that check it;
    ``binds_gemini_to_account``: a Gemini signature is corrupted for every other account.
    """

    enforces_prefix: bool = True
    binds_gemini_to_account: bool = False


@dataclass(slots=True)
class Inbound:
    """A parsed request on its way to a dialect. ``model`` is the name as sent, ``base_model`` without
    what it says to the simulator; ``request_id`` the upstream's own id for this request."""

    route: Route
    headers: dict[str, str]
    body: Json
    account: str
    model: str
    base_model: str
    request_id: str
    options: Options
    cache: PromptCache


class Prepared(Protocol):
    """A request that was found valid, ready to be answered."""

    ask: Ask
    streams: bool

    def events(self, reply: Reply) -> list[SimulatedEvent]:
        """``reply`` as stream events."""

    def document(self, reply: Reply) -> Json:
        """``reply`` as one JSON answer."""


class WireProtocol(Protocol):
    """One wire protocol. Nothing here touches a socket."""

    name: str  # of anthropic, gemini, openai: which faults apply
    door: str  # the same, of who lets accounts in: whose words refuse a credential or a quota
    line_end: bytes

    def user_texts(self, body: Json) -> list[str]:
        """The user texts of a request, oldest first; tolerant of any body."""

    def prepare(self, inbound: Inbound) -> Prepared:
        """Check a generation request. Raises Refused."""

    def count(self, inbound: Inbound) -> Json:
        """Answer a counting request. Raises Refused."""

    def embed(self, inbound: Inbound) -> Json:
        """Answer an embedding request. Raises Refused."""

    def list_models(self) -> Json:
        """The list of models."""

    def get_model(self, model: str) -> Json:
        """One model. Raises Refused."""

    def headers(self, request_id: str) -> dict[str, str]:
        """The headers that stand on every answer."""

    def error_body(self, refused: OrderedRefusal, request_id: str) -> Json:
        """A refusal as an error answer's JSON."""

    def error_event(self, refused: OrderedRefusal, request_id: str) -> SimulatedEvent:
        """A refusal as an event inside a stream."""

    def heartbeat(self) -> bytes:
        """The bytes that keep a stream alive without saying anything."""

    def empty_thought(self) -> SimulatedEvent | None:
        """What opens a thinking block where the block's own start does not."""
