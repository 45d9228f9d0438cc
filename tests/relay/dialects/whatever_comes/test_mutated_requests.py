"""Whatever a client sends, broken at random, is a request or its mistake, and never an exception."""

import json
from contextlib import suppress

import msgspec
import pytest

from relay.admission.request_body import parsed
from relay.dialects.errors.refused_parameters import PAIRS
from relay.dialects.healing.signature_slots import Fate
from relay.dialects.interface import Dialect
from relay.neutral.failures import BadRequest, CannotCarry
from tests.relay.dialects.every_dialect import DIALECTS
from tests.relay.dialects.whatever_comes.mutations import mutants
from tests.relay.linear import shapes
from tests.relay.linear.conversions import MODELS, to_another, to_its_own

SEED = 20261129
COUNT = 5
"""Of each shape."""


def sent(dialect: Dialect, name: str, raw: bytes) -> None:
    """One request, to an upstream of each dialect, healed and signed; raises BadRequest."""
    body = parsed(raw).body
    dialect.inspect(body, {})
    facts, own = to_its_own(dialect, MODELS[name], body)
    msgspec.json.encode(own)
    for resolution in ("new", *Fate):
        msgspec.json.encode(dialect.restore_signatures(body, lambda _, found=resolution: found))  # type: ignore[misc]
    msgspec.json.encode(dialect.take_back(body, PAIRS))
    healed = dialect.heal(body, facts)
    again = dialect.heal_again(body, frozenset(healed.blocks), frozenset([healed.prompt_turn]))
    msgspec.json.encode([healed.body, again])
    for upstream, other in DIALECTS.items():
        if other is not dialect:
            with suppress(BadRequest, CannotCarry):
                msgspec.json.encode(to_another(dialect, other, MODELS[upstream], body))


@pytest.mark.thorough
@pytest.mark.parametrize("name", DIALECTS)
def test_a_broken_request_is_carried_or_refused(name: str) -> None:
    """Flipped bytes, other types, absurd numbers, 100,000 levels: read, written, fitted, healed."""
    wrong = {}
    for number, (shape, body) in enumerate(shapes.requests(name, 2)):
        for broken, _ in mutants(b"data:" + json.dumps(body).encode(), SEED + number, COUNT):
            try:
                with suppress(BadRequest, CannotCarry):
                    sent(DIALECTS[name], name, broken.removeprefix(b"data:"))
            except Exception as error:
                wrong[f"{type(error).__name__}: {error}"[:200]] = (shape, broken[:3000])
    assert wrong == {}
