"""JSON that is nested more deeply than anybody needs is refused, before it runs anybody out of stack."""

import inspect
import json
import sys
from contextlib import suppress

import pytest

from relay.admission.request_body import parsed
from relay.dialects.json_object import json_object
from relay.neutral.failures import BadRequest
from relay.neutral.nesting import MOST_LEVELS, is_too_deep, may_be_deep
from tests.relay.dialects.every_dialect import DIALECTS
from tests.relay.dialects.whatever_comes.test_mutated_requests import sent
from tests.relay.linear import shapes


def nested(levels: int) -> str:
    """JSON of so many levels, objects and lists by turns."""
    text = "1"
    for level in range(levels):
        text = f"[{text}]" if level % 2 else f'{{"a":{text}}}'
    return text


def test_as_deep_as_allowed_and_no_deeper() -> None:
    """In texts and in bytes; what only looks deep, with brackets in its strings, is not."""
    for levels, expected in ((1, False), (MOST_LEVELS, False), (MOST_LEVELS + 1, True)):
        text = nested(levels)
        assert is_too_deep(json.loads(text), text) is expected
        assert is_too_deep(json.loads(text), text.encode()) is expected
    assert not is_too_deep(json.loads('["' + "[" * 900 + '"]'), "[" * 900)
    assert json_object(nested(MOST_LEVELS + 1)) is None


@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ("[ ", "]"), ("[{a:", "}]"), ('{"":', "}"), ("{a:", "}")]
)
def test_the_shortest_text_of_so_many_levels_is_looked_at(opening: str, closing: str) -> None:
    """Lists alone, objects without a name, and names without quotes, as careless JSON has them."""
    each = opening.count("[") + opening.count("{")
    for times in (MOST_LEVELS // each, MOST_LEVELS // each + 1):
        text = opening * times + "1" + closing * times
        assert may_be_deep(text) is (times * each > MOST_LEVELS)


@pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 700, pytest.param(200_000, marks=pytest.mark.thorough)])
def test_a_request_that_is_too_deep_is_refused(levels: int) -> None:
    """With what is wrong, in words."""
    with pytest.raises(BadRequest, match="nested too deeply"):
        parsed(f'{{"model":{nested(levels - 1)}}}'.encode())


@pytest.mark.parametrize("name", DIALECTS)
def test_a_request_as_deep_as_allowed_is_carried(name: str) -> None:
    """Arguments, schemas and unknown fields that deep, to every upstream, with less stack than there is."""
    turns = [shapes.ASKED, ("model", [("call", ("c", "f"))]), ("user", [("result", ("c", "f"))])]
    body = shapes.body(name, turns, [("f", {"type": "object", "properties": {}})])
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 700)
    try:
        for marked in _marked(body):
            with suppress(BadRequest):  # a property that is no schema
                sent(DIALECTS[name], name, marked.replace('"@"', nested(MOST_LEVELS - 12), 1).encode())
    finally:
        sys.setrecursionlimit(limit)


def _marked(body: shapes.Json) -> list[str]:
    """The body with one value after the other marked, and one field more."""
    text = json.dumps(body)
    return [json.dumps({**body, "odd": "@"}), text.replace('"a": 1', '"a": "@"'), *_schemas(text)]


def _schemas(text: str) -> list[str]:
    return [
        text.replace('"properties": {}', f'"{key}": "@"')
        for key in ("properties", "anyOf", "items", "default")
    ]
