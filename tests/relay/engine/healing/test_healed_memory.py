"""Behaviour 8: what was healed is remembered per block, not per session."""

from relay.engine.healing.healed import HealedSession, HealedSessions


def test_an_unknown_session_has_no_heals() -> None:
    """A session that was never healed is nobody's concern."""
    assert HealedSessions().get("s1") is None


def test_blocks_and_prompts_are_added_up() -> None:
    """A second heal of the session adds its blocks and the turn with its fix prompt."""
    sessions = HealedSessions()
    sessions.remember("s1", ("b1", "b2"), "turn-1")
    sessions.remember("s1", ("b3",), "turn-5")
    sessions.remember("s1", (), "")
    assert sessions.get("s1") == HealedSession({"b1", "b2", "b3"}, {"turn-1", "turn-5"}, drops_blocks=False)


def test_dropping_is_remembered_for_the_session() -> None:
    """Upstream wants drop_block on every later request; a later heal does not take it back."""
    sessions = HealedSessions()
    sessions.remember("s1", (), "", drops_blocks=True)
    sessions.remember("s1", ("b1",), "")
    assert sessions.get("s1") == HealedSession({"b1"}, set(), drops_blocks=True)


def test_sessions_are_apart() -> None:
    """One session's heals are never done in another."""
    sessions = HealedSessions()
    sessions.remember("s1", ("b1",), "")
    sessions.remember("s2", ("b2",), "")
    assert sessions.get("s1") == HealedSession({"b1"})
    assert sessions.get("s2") == HealedSession({"b2"})


def test_the_least_recently_used_session_goes_first() -> None:
    """Reading is using."""
    sessions = HealedSessions(limit=2)
    sessions.remember("s1", ("b",), "")
    sessions.remember("s2", ("b",), "")
    sessions.get("s1")
    sessions.remember("s3", ("b",), "")
    assert [sessions.get(name) is not None for name in ("s1", "s2", "s3")] == [True, False, True]
