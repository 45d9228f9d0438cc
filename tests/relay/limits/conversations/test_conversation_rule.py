"""How much one conversation may do within an hour: warned first, then refused, with what and until when."""

from accounts.keys.limits import UNITS_PER_DOLLAR, ConversationLimits
from relay.limits.conversations.conversation_rule import HOUR_SECONDS, CountedTurn, judged
from relay.neutral.failures import Kind

NOW = 1_700_003_600.0
KEY = "The client key 'team'"
DOLLAR = UNITS_PER_DOLLAR


def turns(*told: tuple[float, int, str]) -> list[CountedTurn]:
    """By the minutes that each is old."""
    return [CountedTurn(NOW - 60 * minutes, units, agent) for minutes, units, agent in told]


def test_without_reaching_anything_nothing_is_said() -> None:
    """No turn yet, or few; and no limit at all."""
    limits = ConversationLimits(turns=10, units=DOLLAR, agents=2)
    assert judged(limits, KEY, [], "", NOW) == judged(limits, KEY, turns((5, 10, "")), "", NOW)
    assert judged(ConversationLimits(), KEY, turns(*[(5, DOLLAR, "a")] * 99), "b", NOW).refusal is None


def test_turns() -> None:
    """A warning from four fifths on; then a refusal until the turn leaves that makes room for one."""
    limits = ConversationLimits(turns=5)
    assert judged(limits, KEY, turns(*[(9, 0, "")] * 3), "", NOW).warning == ""
    warned = judged(limits, KEY, turns(*[(9, 0, "")] * 4), "", NOW)
    assert "5 turns" in warned.warning
    assert "80 %" in warned.warning
    assert warned.refusal is None
    old = turns((50, 0, ""), (40, 0, ""), (30, 0, ""), (20, 0, ""), (10, 0, ""), (5, 0, ""))
    refusal = judged(limits, KEY, old, "", NOW).refusal
    assert refusal is not None
    assert (refusal.kind, refusal.status, refusal.retry_after_seconds) == (Kind.OVER_BUDGET, 429, 20 * 60)
    assert "'team'" in refusal.message
    assert "5 turns" in refusal.message
    assert "2023-11-14T23:33:20Z" in refusal.message


def test_money() -> None:
    """Until enough of it is older than an hour."""
    limits = ConversationLimits(units=2 * DOLLAR)
    spent = turns((50, DOLLAR, ""), (20, DOLLAR // 2, ""), (10, DOLLAR, ""))
    refusal = judged(limits, KEY, spent, "", NOW).refusal
    assert refusal is not None
    assert refusal.retry_after_seconds == 10 * 60
    assert "$2.00" in refusal.message
    assert "$2.00" in judged(limits, KEY, spent[:-1] + turns((1, DOLLAR // 5, "")), "", NOW).warning


def test_sub_agents() -> None:
    """One more is refused; who works already goes on, and so does the main agent."""
    limits = ConversationLimits(agents=2)
    busy = turns((50, 0, "a"), (40, 0, "b"), (30, 0, "a"), (20, 0, ""))
    refusal = judged(limits, KEY, busy, "c", NOW).refusal
    assert refusal is not None
    assert refusal.retry_after_seconds == HOUR_SECONDS - 40 * 60
    assert "2 sub-agents" in refusal.message
    for goes_on in ("a", ""):
        assert judged(limits, KEY, busy, goes_on, NOW).refusal is None
