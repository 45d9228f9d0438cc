"""An Anthropic body, without what a compatible server refuses of its form. PURE.

The names are those of ``refused_parameters``; a body that holds nothing of the kind stays the same object.
"""

from relay.dialects.anthropic.requests.cache_marks import without_cache_marks
from relay.dialects.anthropic.requests.fit_schemas import PORTABLE, fit_schemas
from relay.dialects.anthropic.turn_form import TURNS
from relay.dialects.errors import refused_parameters as refused
from relay.dialects.healing.pairing import paired
from relay.neutral.conversation import Json

_NOT_HERE = frozenset(
    {refused.STREAM_OPTIONS, refused.DEVELOPER, refused.REASONING, refused.COMPLETION_LIMIT, refused.LIMIT}
)


def take_back(body: Json, name: str) -> Json:
    """``body`` without ``name``."""
    match name:
        case refused.STREAM:
            return {**body, "stream": False} if body.get("stream") else body
        case refused.PATTERNS:
            return fit_schemas(body, [], PORTABLE)
        case refused.PAIRS:
            return paired(TURNS, body)
        case refused.CACHE_MARKS:
            return without_cache_marks(body)
        case _ if name in _NOT_HERE or name not in body:
            return body
        case _:
            return {key: value for key, value in body.items() if key != name}
