"""The retry budget over the wire: a dying upstream is not hammered."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.served.world import World


def test_a_spent_budget_answers_the_failure_in_hand(
    own_world: Callable[..., AbstractContextManager[World]],
) -> None:
    """With no retry left, upstream's 500 is the client's at once: one attempt, one upstream request."""
    with own_world(RELAY_RETRY_SHARE="0", RELAY_RETRY_FLOOR="0") as world:
        response = world.messages("Hello. [fault: status=500, ok]")
        assert response.status_code == 500
        assert len(world.attempts(response)) == 1
        assert len(world.upstream_bodies()) == 1
        assert world.messages("Hello.").status_code == 200
