"""Fields of Gemini's JSON by either of their names: ``thoughtSignature`` is also ``thought_signature``.

PURE. The API answers in camelCase and takes both; which one a client wrote is left as it is.
"""

import re
from functools import lru_cache
from typing import Any

import msgspec

from relay.neutral.conversation import Json

_UPPER = re.compile(r"(?<=[a-z0-9])([A-Z])")
_UNDERSCORE = re.compile(r"_([a-z0-9])")

_USERS_OWN = (
    "args", "response", "partMetadata", "parameters", "parametersJsonSchema", "responseSchema",
    "responseJsonSchema", "labels",
)  # fmt: skip


@lru_cache(maxsize=512)
def snake(name: str) -> str:
    """``thoughtSignature`` -> ``thought_signature``."""
    return _UPPER.sub(r"_\1", name).lower()


@lru_cache(maxsize=512)
def camel(name: str) -> str:
    """``thought_signature`` -> ``thoughtSignature``."""
    return _UNDERSCORE.sub(lambda match: match[1].upper(), name)


OPAQUE_VALUES = frozenset({*_USERS_OWN, *map(snake, _USERS_OWN)})
"""Fields whose value is the user's own JSON: the names in there are not Gemini's."""


def field(obj: Json, name: str) -> Any:
    """The value of ``name`` (camelCase) in ``obj``, under either name; None without."""
    value = obj.get(name)
    return obj.get(snake(name)) if value is None else value


def without(obj: Json, *names: str) -> Json:
    """A copy of ``obj`` without the fields ``names`` (camelCase), under either name."""
    gone = {*names, *map(snake, names)}
    return {key: value for key, value in obj.items() if key not in gone}


def with_field(obj: Json, name: str, value: Any) -> Json:
    """A copy of ``obj`` with ``name`` (camelCase) set, under the name that stands there already."""
    key = snake(name) if snake(name) in obj and name not in obj else name
    return {**obj, key: value}


def camel_keys(value: Any) -> Any:
    """``value`` with all of Gemini's own names in camelCase."""
    if isinstance(value, dict):
        return {camel(key): item if key in OPAQUE_VALUES else camel_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [camel_keys(item) for item in value]
    return value


def json_text(value: object) -> str:
    """``value`` as compact JSON."""
    return msgspec.json.encode(value).decode()
