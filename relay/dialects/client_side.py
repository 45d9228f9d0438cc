"""What a dialect says of its own paths: where clients ask, and how counts and model lists are answered.

PURE. Plain data and functions; ``relay/front`` makes the URLs from it, ``relay/short`` the short answers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from accounts.facts.model_facts import ModelFacts
from relay.dialects.embeddings.embedding import Form as EmbeddingForm
from relay.neutral.conversation import Json

Serves = Literal["generation", "counting", "embedding", "nothing"]
StreamForm = Literal["sse", "array", "responses"]


class Path(msgspec.Struct, frozen=True):
    """One path that clients POST to.

    ``path`` is written as Django Ninja has it; a ``{path:model}`` in it names the model, which otherwise
    stands in the body. ``is_stream`` is given where the path says it. ``form`` is how a stream is written
    ("array": unless the query says ``alt=sse``). ``example`` is a body for the description of the API; a path
    without one is not described. "nothing" is served with a 404 in the dialect.
    """

    path: str
    serves: Serves = "generation"
    example: Json | None = None
    is_stream: bool | None = None
    form: StreamForm = "sse"
    embedding_form: EmbeddingForm = "embeddings"


@dataclass(frozen=True, kw_only=True)
class Counting:
    """Token counting: what upstream's counter is asked in this dialect, and how the client is told."""

    request: Callable[[Json], Json] = lambda body: body
    """The generation request inside a client's counting request."""

    counter_body: Callable[[str, str, Json], Json]
    """(account kind, model, body): what upstream's counter is asked."""

    uncounted: Callable[[str, Json], Json] = lambda kind, body: {}
    """(account kind, body): what costs tokens and has no place in the counter's request."""

    count_field: str
    """The field with the count, in upstream's answer and in the client's."""

    beside: Mapping[str, str] = field(default_factory=dict)
    """What else stands in the client's answer."""


@dataclass(frozen=True, kw_only=True)
class ModelList:
    """``GET …/models`` in this dialect."""

    is_asked_by: Callable[[str, Mapping[str, str], Mapping[str, str]], bool]
    """(path, headers by lower-case name, query): is this the dialect of who asks?"""

    one: Callable[[str, ModelFacts, str], Json]
    """(name, facts, vendor or ""): one model's row."""

    several: Callable[[Sequence[str], list[Json]], Json]
    """(names, their rows): the list."""
