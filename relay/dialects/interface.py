"""What every dialect offers. So a new dialect is one new folder, and no code for each pair of dialects.

PURE. Bodies are decoded JSON objects; no function here changes the body it was given: edits copy what
they touch and share the rest.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from accounts.facts.model_facts import ModelFacts
from relay.dialects.client_side import Counting, ModelList, Path
from relay.dialects.errors.error_answer import ErrorAnswer as ErrorAnswer
from relay.dialects.healing import history, signing
from relay.dialects.healing.signature_slots import HealedBody, Resolution, SignatureSlot
from relay.dialects.healing.turn_form import TurnForm
from relay.dialects.names.rules import NameRule
from relay.neutral.conversation import Conversation, Json, ThinkingConfig
from relay.neutral.events import Chunk, Event, HiddenThinking, StreamState
from relay.neutral.failures import Failure
from relay.neutral.prompt import Prompt
from relay.neutral.sse import MAX_EVENT_BYTES


class ClientRequest(msgspec.Struct, frozen=True):
    """What the relay must know of a client's body, whatever its dialect.

    ``session_id`` is the client's own name for its session ("" when it sends none); ``session_seed``
    is the digest of system prompt and first user message; ``preview`` is the beginning (at most 200
    characters) of the last user turn's text; ``wants_usage``: a stream is to tell the usage (only
    OpenAI's chat clients have to ask for it); ``is_threaded`` says that upstream is to hold the
    conversation, ``previous_message`` is the id of the answer that such a request continues;
    ``answers_tools``: behind the model's last turn stand results of tools; ``is_begun``: it has had one.
    """

    model: str
    is_stream: bool
    session_id: str
    session_seed: str
    preview: str
    wants_usage: bool = True
    is_threaded: bool = False
    previous_message: str = ""
    answers_tools: bool = False
    is_begun: bool = False


class EncoderOptions(msgspec.Struct, frozen=True):
    """What an encoder must be told: ids and names that upstream does not know.

    ``message_id`` is without the dialect's prefix (hex); ``model`` is the client's name for the model;
    ``created_at`` is in epoch seconds; ``handle`` gives the opaque stand-in for a signature that the
    client needs before upstream has told one, by block index; ``form`` is how the client wants it;
    ``include_usage`` is the request's ``wants_usage``, and true for a collected answer; ``request`` is
    the client's body, for the dialect whose answer repeats parts of it (Responses); ``headers`` are the
    client's (lower-case names), for the dialect whose older clients read less (Gemini).
    """

    message_id: str
    model: str
    created_at: int
    handle: Callable[[int], str]
    form: Literal["sse", "array", "responses"] = "sse"
    include_usage: bool = True
    request: Json = {}
    headers: Mapping[str, str] = {}


class DecoderOptions(msgspec.Struct, frozen=True):
    """``family`` names who can read the signatures; ``call_id_seed`` makes ids for calls that have none.

    ``is_enveloped``: Code Assist wraps each object in ``{"response": …}``. ``takes_partial_arguments``: the
    client asked for unchecked tool arguments (``eager_input_streaming``), so a closed tool call whose JSON
    does not parse is upstream's word and no broken stream. ``choices`` is how many answers were asked for.
    ``max_event_bytes`` is how large one event may be. Without ``keeps_bytes`` a chunk need not hold the
    events' bytes: the client speaks another dialect.
    """

    family: str
    call_id_seed: str
    is_enveloped: bool = False
    takes_partial_arguments: bool = False
    max_event_bytes: int = MAX_EVENT_BYTES
    choices: int = 1
    keeps_bytes: bool = True


class Decoder(Protocol):
    """Upstream bytes -> whole events. After Terminal or Failed it gives nothing more.

    ``bent`` are the paths of the fields that were not of their documented types, each once.
    """

    @property
    def bent(self) -> list[str]:
        """So far."""
        ...

    def feed(self, data: bytes) -> Chunk:
        """What ``data`` completes. Broken data is ``Failed`` behind what was whole, never an exception."""
        ...

    def finish(self) -> Chunk:
        """What was left when the connection ended in order: an event without its last blank line."""
        ...


class Encoder(Protocol):
    """Events -> the client's bytes, for one answer. ``state`` is what the client has been told so far.

    Nothing here raises: what cannot be told ends the answer with an error event, ``gap`` says why, and
    ``fault`` which exception it was where none was expected (``relay.dialects.stream_encoder``). ``left_out``
    names what of the answer the client's dialect has no place for.
    """

    state: StreamState
    gap: Failure | None
    fault: Exception | None
    left_out: list[str]

    def forward(self, chunk: Chunk) -> bytes:
        """Same dialect: upstream's own bytes, framed as the client asked; the events are folded."""
        ...

    def encode(self, events: Iterable[Event]) -> bytes:
        """Other dialect: the client's bytes for ``events``; b"" where they say nothing yet."""
        ...

    def keep_alive(self) -> bytes:
        """What may stand between two events and means nothing."""
        ...

    def fail(self, answer: ErrorAnswer) -> bytes:
        """The one error event that ends a broken answer: no terminal event, no closing of open blocks."""
        ...


class ContinuedBody(msgspec.Struct, frozen=True):
    """A body that asks for the rest of an answer that broke off.

    ``unseen`` counts the characters at the end of it that the body could not show; ``changes`` say in words
    what else was done.
    """

    body: Json
    unseen: int = 0
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Dialect:
    """One wire protocol, on both of its sides: the functions of its folder, joined by name."""

    name: str
    """Unique among the dialects."""

    # The client's side
    paths: tuple[Path, ...]
    """Where its clients POST."""

    prefixes: tuple[str, ...] = ()
    """What the paths of its clients begin with: who is likely to ask where there is no path."""

    recorded_as: str
    """The family of clients, as rows, filters and the log name it."""

    models: ModelList
    """The model list."""

    counting: Counting | None = None
    """The token counter, where the dialect has one."""

    request_id_header: str = ""
    """The dialect's own header with the request id, beside ``X-Request-Id``."""

    first_data_seconds: float = 60.0
    """To the first valid data, where no setting says otherwise."""

    log_prefix: str = ""
    """What the lines of app.log about its exchanges begin with."""

    usual_form: Callable[[Json], Json] = lambda body: body
    """The client's body as all that follows wants it; the very same object where it is."""

    inspect: Callable[[Json, Mapping[str, str]], ClientRequest]
    """(body, headers): what the relay must know; raises BadRequest. Gemini's model stands in the path."""

    read: Callable[[Json], Conversation]
    """The body as a neutral conversation; raises BadRequest, or CannotCarry."""

    is_own_form: Callable[[Json], bool] = lambda body: True
    """Is the body in the dialect's own form? Some clients send another's: its answer cannot pass through."""

    wants: Callable[[Json], str]
    """What a client's body wants that is no plain text, in words; "" for nothing of the kind."""

    thinking: Callable[[Json], ThinkingConfig] = lambda body: ThinkingConfig()
    """How much thinking a client's body asks for; raises BadRequest for words that are not known."""
    tells_limits_in_streams: bool = False
    """Do its streaming clients look for a request that is too long in the stream alone, and at no status?"""

    hides_thinking: Callable[[Json], HiddenThinking] = lambda body: ""
    """What the encoder keeps back of a model's thinking from who sent this body."""

    encoder: Callable[[EncoderOptions], Encoder]
    """A fresh encoder for one answer."""

    collect: Callable[[bytes], bytes]
    """A whole stream of this dialect, as its one JSON answer."""

    error_body: Callable[[ErrorAnswer], bytes]
    """The JSON error body."""

    call_id: Callable[[str], str] = str
    """The id of a tool call in a form that the clients take."""

    # Upstream's side
    upstream_path: str = ""
    """Where accounts that speak it are asked for a stream; "" where the account's kind names the path."""

    default_headers: tuple[tuple[str, str], ...] = ()
    """Headers that upstream wants, where the client sent none of that name."""

    keeps_unsigned_thinking: bool = False
    """Does upstream take thinking without a signature, and the documented placeholder on tool calls?"""

    tool_names: NameRule | None = None
    """Which names of tools are taken; None = any."""

    property_names: NameRule | None = None
    """Which names of a tool's properties are taken; None = any."""

    mend: Callable[[Json, list[str]], Json] = lambda body, changes: body
    """(body, changes): a client's own body without what upstream refuses for good, whatever the model; the
    very same object where it holds none of it."""

    write: Callable[[Conversation, str, ModelFacts, list[str]], Json]
    """(conversation, model, facts, changes): the body; ``changes`` gets what was mapped or dropped; raises
    CannotCarry."""

    fit: Callable[[Json, str, ModelFacts, list[str]], Json]
    """(body, model, facts, changes): the body for a model; what ``facts`` refuse is mapped or dropped."""

    as_stream: Callable[[Json], Json]
    """The body, asking for a stream with usage; the very same where it does already."""

    take_back: Callable[[Json, str], Json] = lambda body, name: body
    """(body, name): the body without what upstream refuses of its form (``refused_parameters``); the very
    same object where there is nothing of the kind."""

    known_form: Callable[[Json, ModelFacts], Json] = lambda body, facts: body
    """(body, facts): a client's own body with what the model's server is known to demand, on every path."""

    decoder: Callable[[DecoderOptions], Decoder]
    """A fresh decoder for one upstream stream."""

    classify: Callable[[int, Mapping[str, str], bytes], Failure]
    """(status, headers, body): an HTTP error of this dialect, classified; headers have lower-case names."""

    failure_in_document: Callable[[Json], Failure | None] = lambda told: None
    """The error that a JSON document tells under a status of success; None where it tells none."""

    thinks_unseen: Callable[[Json, ModelFacts], bool]
    """May the model think for long without a byte: thinking is on (or the default) and not shown."""

    turns: TurnForm = TurnForm()  # noqa: RUF009 - it has no state
    """The history in its bodies, for healing and for signatures."""

    prompt: Callable[[Json], Prompt] = lambda body: Prompt([], [], [])
    """A body as upstream's prompt cache sees it; never raises."""

    drop_blocks: Callable[[Json], HealedBody | None] = lambda body: None
    """The body that asks upstream to drop unreadable blocks itself; None where there is no such thing."""

    continue_answer: Callable[[Json, str, int, ModelFacts], ContinuedBody]
    """(body, said, tokens, facts): the body, asking for the rest of an answer of which ``said``, about
    ``tokens``, was told."""

    def slots(self, body: Json) -> Iterator[SignatureSlot]:
        """The places of ``body`` that hold, or could hold, a signature."""
        return signing.slots(self.turns, body)

    def restore_signatures(self, body: Json, resolve: Callable[[SignatureSlot], Resolution]) -> Json:
        """The body with each slot resolved; the very same object when nothing changed."""
        return signing.with_signatures(self.turns, body, resolve)

    def heal(self, body: Json, facts: ModelFacts) -> HealedBody:
        """Behaviour section 8.2, steps 2 to 5."""
        return history.heal(self.turns, body, facts)

    def heal_again(self, body: Json, blocks: Collection[str], prompt_turns: Collection[str]) -> Json:
        """What is remembered of heals, done again; the very same object when none applies."""
        return history.heal_again(self.turns, body, blocks, prompt_turns)


def streams_by_itself(body: Json) -> Json:
    """``as_stream`` where ``"stream": true`` is all there is to say."""
    return body if body.get("stream") is True else {**body, "stream": True}
