"""Who of a group is drained, and who is kept for the end."""

from accounts.groups.strategies import Grouped, Order, Strategy, order_in

STRATEGIES: dict[str, Strategy] = {"one-by-one": "drain", "with-spare": "reserve", "even": "spread"}


def test_order() -> None:
    """Drain is for all of a group; reserve for one: the lowest priority, of equals the one added last."""
    accounts = [
        Grouped(1, 0, frozenset({"one-by-one"})),
        Grouped(2, 5, frozenset({"one-by-one", "with-spare"})),
        Grouped(3, 0, frozenset({"with-spare"})),
        Grouped(4, 0, frozenset({"with-spare", "unknown"})),
        Grouped(5, 9, frozenset({"with-spare", "even"})),
        Grouped(6, -9, frozenset()),
    ]
    expected = Order(drained=frozenset({1, 2}), kept=frozenset({4}))
    assert order_in(accounts, STRATEGIES) == expected
    assert order_in(reversed(accounts), STRATEGIES) == expected
    lower = Grouped(7, -1, frozenset({"with-spare"}))
    assert order_in([lower, *accounts], STRATEGIES).kept == {7}
    assert order_in(accounts, {}) == Order()
