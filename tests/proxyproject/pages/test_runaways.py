"""Which conversations the start page warns of."""

from accounts.keys.limits import UNITS_PER_DOLLAR, ConversationLimits
from accounts.mapping import Mapping
from monitor.conversations.past_turns import PastTurn, WhoseTurn
from proxyproject.pages.runaways import SHOWN, Runaway, worst
from proxyproject.pages.start_page import runaway_warnings
from relay.limits.conversations.conversation_rule import Share
from relay.limits.conversations.conversation_standing import standings

KEYS = {7: ("team", ConversationLimits(turns=10, agents=2))}
MAPPINGS = [
    Mapping("claude-*", "claude-sonnet-4-6", role="sub", conversation=ConversationLimits(turns=4)),
    Mapping("claude-*", "claude-sonnet-4-6"),
]


def turn(
    conversation: str, key: int | None = 7, model: str = "m", role: str = "main", agent: str = ""
) -> WhoseTurn:
    """One within the hour."""
    return WhoseTurn(conversation, key, PastTurn(1000.0, None, agent, model, role))


def test_those_near_a_limit_and_those_beyond() -> None:
    """By the key's limits, or those of the mapping that their turns go by; the worst first."""
    turns = [
        *(turn("calm") for _ in range(7)),
        *(turn("near") for _ in range(8)),
        *(turn("over") for _ in range(12)),
        *(turn("busy", role="sub", agent=name) for name in ("a", "b", "a")),
        *(turn("mapped", None, "claude-x", "sub", "a") for _ in range(5)),
        *(turn("main alone", None, "claude-x") for _ in range(50)),
        *(turn("another key", 8) for _ in range(50)),
    ]
    told = worst(standings(turns, KEYS, MAPPINGS))
    assert [(one.conversation, one.limited_by, one.share.measure) for one in told] == [
        ("mapped", "mapping", "turns"),
        ("over", "key", "turns"),
        ("busy", "key", "sub_agents"),
        ("near", "key", "turns"),
    ]
    assert [one.share.is_spent for one in told] == [True, True, True, False]


def test_many_are_not_all_shown() -> None:
    """The page stays a page."""
    turns = [turn(f"c{number}") for number in range(20) for _ in range(10)]
    assert len(worst(standings(turns, KEYS, MAPPINGS))) == SHOWN


def test_the_words() -> None:
    """Who is near is a warning, who is refused a danger; money with its digits."""
    share = Share("usd", UNITS_PER_DOLLAR * 9 // 10, UNITS_PER_DOLLAR, 0.0)
    spent = Share("sub_agents", 2, 2, 0.0)
    near, over = runaway_warnings(
        [Runaway("ab" * 16, "key", "team", share), Runaway("cd" * 16, "mapping", "claude-*", spent)]
    )
    assert (near.tone, over.tone) == ("warning", "danger")
    assert "abababababab has had 90 % of the 1.0000 US$ that the client key team" in near.text
    assert "cdcdcdcdcdcd is refused: it has had the 2 sub-agents that the mapping claude-*" in over.text


def test_a_mapping_of_main_agents_and_one_of_sub_agents_count_apart() -> None:
    """They may have one pattern and the same limits: the relay counts the turns of each by itself."""
    limits, roles = ConversationLimits(turns=10), ("main", "sub")
    both = [Mapping("claude-*", "big", role=role, conversation=limits) for role in roles]
    turns = [turn("c", None, "claude-x", role, "a") for role in roles for _ in range(5)]
    assert worst(standings(turns, {}, both)) == []
