"""Healing and rotation in one exchange."""

from tests.served.trying_again.test_lesson import thinking_history
from tests.served.world import World


def test_a_heal_survives_a_rotation(world: World) -> None:
    """The healed history goes to the next account too: it is not refused a second time."""
    prompt = "And 6 times 8? [fault: refused_signature, status=500, ok]"
    response = world.messages("", messages=thinking_history(prompt))
    assert response.status_code == 200
    first, second, third = world.upstream_bodies()
    assert first["messages"][1] != second["messages"][1]
    assert second["messages"] == third["messages"]
    accounts = [attempt["account"] for attempt in world.attempts(response)]
    assert accounts[0] == accounts[1] != accounts[2]


def test_a_healed_conversation_stays_healed(world: World) -> None:
    """The next turn of the same conversation is right at once: one attempt, the old turns as before."""
    history = thinking_history("And 6 times 9? [fault#stays: refused_signature, ok]")
    assert world.messages("", messages=history).status_code == 200
    healed = world.upstream_bodies()[-1]["messages"]
    more = [*history, {"role": "assistant", "content": "54."}, {"role": "user", "content": "And 6 times 10?"}]
    response = world.messages("", messages=more)
    assert response.headers["x-attempts"] == "1"
    sent = world.upstream_bodies()[-1]["messages"]
    assert sent[: len(healed)] == healed
    assert sent[-1] == {"role": "user", "content": "And 6 times 10?"}
