"""A dialect in one folder: it asks ``{"model", "say"}`` and hears lines, ``+`` text and ``=`` the end."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from accounts.facts.model_facts import ModelFacts
from relay.dialects.client_side import ModelList, Path
from relay.dialects.interface import ClientRequest, Dialect, ErrorAnswer, streams_by_itself
from relay.dialects.stream_encoder import StreamEncoder
from relay.neutral.conversation import Conversation, Json, Text, Turn
from relay.neutral.events import Event, Stop, TextDelta
from relay.neutral.failures import BadRequest


def _inspect(body: Json, headers: Mapping[str, str]) -> ClientRequest:
    if not isinstance(body.get("say"), str):
        raise BadRequest("say: must be a text.")
    return ClientRequest(body.get("model", ""), True, "", "", body["say"][:200])


def _read(body: Json) -> Conversation:
    return Conversation(turns=(Turn("user", (Text(body["say"]),)),), max_tokens=2000)


class ToyEncoder(StreamEncoder):
    """Lines."""

    def __init__(self, options: object) -> None:
        super().__init__()

    def write(self, event: Event, out: list[bytes]) -> None:
        """A text, or the end; the toy has no place for anything else."""
        if isinstance(event, TextDelta):
            out.append(b"+" + msgspec.json.encode(event.text) + b"\n")
        elif isinstance(event, Stop):
            out.append(b"=" + event.reason.encode() + b"\n")

    def error(self, answer: ErrorAnswer) -> bytes:
        """The last line of a broken answer."""
        return b"!" + answer.message.encode() + b"\n"

    def keep_alive(self) -> bytes:
        """An empty line."""
        return b"\n"


def _no_upstream_speaks_it(*arguments: Any) -> Any:
    raise AssertionError("no account speaks this dialect")


def _one(name: str, facts: ModelFacts, vendor: str) -> Json:
    return {"toy": name}


def _several(names: Sequence[str], rows: list[Json]) -> Json:
    return {"toys": rows}


TOY = Dialect(
    name="toy",
    paths=(Path("/toy/say"), Path("/toy/{path:model}:say")),
    prefixes=("/toy/",),
    recorded_as="toy",
    models=ModelList(is_asked_by=lambda path, headers, query: "x-toy" in headers, one=_one, several=_several),
    request_id_header="toy-id",
    log_prefix="[Toy] ",
    inspect=_inspect,
    read=_read,
    wants=lambda body: "",
    encoder=ToyEncoder,
    collect=lambda stream: stream,
    error_body=lambda answer: msgspec.json.encode({"toy_error": answer.message}),
    write=_no_upstream_speaks_it,
    fit=_no_upstream_speaks_it,
    as_stream=streams_by_itself,
    decoder=_no_upstream_speaks_it,
    classify=_no_upstream_speaks_it,
    thinks_unseen=_no_upstream_speaks_it,
    continue_answer=_no_upstream_speaks_it,
)
