"""The operator's own prices: which one holds, that it goes before the library's, where it is told."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.wildcards import WildcardIndex
from monitor.models import HourStatistic, ModelPrice, RequestLog
from monitor.pricing.cost import cost_of
from monitor.pricing.price_list import PriceList, PriceRule, Rates
from monitor.pricing.prices import PriceBook
from monitor.record.records import RequestRecord
from monitor.statistics.filling import days_to_fill, fill_day
from tests.monitor.shelf import Shelf, operator_named, shelf

__all__ = ["shelf"]

NewRecord = Callable[..., RequestRecord]
AT = 1_700_000_000.0


def rates(number: int) -> Rates:
    return Rates(*[Decimal(number)] * 4)


def new_price(pattern: str, at: float = 0.0, **prices: object) -> ModelPrice:
    given = {"input_price": Decimal(2), "output_price": Decimal(10), **prices}
    price = ModelPrice(pattern=pattern, valid_from=datetime.fromtimestamp(at, UTC), **given)
    price.full_clean()
    price.save()
    return price


@pytest.mark.parametrize(
    ("model", "at", "expected"),
    [
        ("own", AT - 1, None),
        ("own", AT, 1),
        ("own", AT + 9, 1),
        ("own", AT + 10, 2),
        ("own-large", AT + 5, 3),
        ("own-large", AT + 20, 4),
        ("own-x", AT + 20, 3),
        ("other", AT + 20, None),
    ],
)
def test_the_best_pattern_that_has_begun_holds(model: str, at: float, expected: int | None) -> None:
    """The exact name, then most literal characters; of one pattern the one that began last."""
    rules = [
        PriceRule("own-l*", AT + 15, rates(4)),
        PriceRule("own", AT + 10, rates(2)),
        PriceRule("own", AT, rates(1)),
        PriceRule("own-*", AT, rates(3)),
    ]
    for order in (rules, rules[::-1]):
        found = PriceList.of(order, WildcardIndex).find(model, at)
        assert (found and int(found.rates.uncached)) == expected


def test_an_own_price_goes_before_the_library_s(request_record: NewRecord) -> None:
    """Each sort of tokens has its price; a price of nothing makes it free, and not unknown."""
    record = request_record(
        mapped_model="claude-opus-5-5",
        tokens_in=10**6,
        tokens_cached=2 * 10**6,
        tokens_cache_write=10**5,
        tokens_out=10**4,
    )
    own = Rates(Decimal(1), Decimal("0.1"), Decimal(2), Decimal(5))
    assert cost_of(record, PriceList.of([PriceRule("claude-*", AT, own)], WildcardIndex)) == Decimal("1.45")
    assert cost_of(record, PriceList.of([PriceRule("claude-*", AT, rates(0))], WildcardIndex)) == 0
    library = cost_of(record)
    assert cost_of(record, PriceList.of([PriceRule("gpt-*", AT, own)], WildcardIndex)) == library
    assert cost_of(record, PriceList.of([PriceRule("claude-*", AT + 10**6, own)], WildcardIndex)) == library


def test_blank_cache_prices_are_the_input_s(store: str) -> None:
    """Who knows of no cache need not say its price; what is no price is refused."""
    assert new_price("own").rule().rates == (2, 2, 2, 10)
    assert new_price(" own-* ", cached_price=Decimal("0.5")).rule().rates[:2] == (2, Decimal("0.5"))
    for wrong in ({"pattern": " "}, {"pattern": "own"}, {"pattern": "x", "input_price": Decimal(-1)}):
        with pytest.raises(ValidationError):
            new_price(**wrong)


def test_the_copy_is_at_most_a_second_old(store: str) -> None:
    """It is read again after a second, and not for every row."""
    now = 0.0
    book = PriceBook(lambda: now)
    assert book.current().find("own", AT) is None
    new_price("own")
    now = 0.9
    assert book.current().find("own", AT) is None
    now = 1.0
    assert book.current().find("own", AT) is not None


def test_what_was_priced_keeps_its_cost(shelf: Shelf) -> None:
    """A row is priced when it ends; an unknown price stays unknown, whatever is set later."""
    used = {"mapped_model": "my-model", "tokens_in": 10**6, "tokens_out": 10**5}
    before = shelf.put(**used)
    new_price("my-*")
    shelf._writer._prices._looked_at = float("-inf")  # a second later
    after = shelf.put(**used)
    costs = dict(RequestLog.objects.values_list("id", "cost"))
    assert costs == {before.id: None, after.id: Decimal(3)}


def test_a_price_holds_from_a_moment_that_each_zone_has(store: str) -> None:
    """No page could show it elsewhere, and the list of prices would be none."""
    price = ModelPrice(pattern="m", input_price=1, output_price=1, valid_from=datetime(1, 1, 1, tzinfo=UTC))
    with pytest.raises(ValidationError, match="Give a year from 2 to 9998"):
        price.full_clean()
    price.valid_from = price.valid_from.replace(year=2)
    price.full_clean()


def test_the_page_says_what_a_model_costs_and_where_that_comes_from(store: str) -> None:
    """The operator's price by its pattern, the library's by its name, and none with where to set one."""
    client = operator_named("money", "view_modelprice", "add_modelprice")
    new_price("mine-*", input_price=Decimal("0.25"))
    asked("nobody-s")
    page = reverse("admin:monitor_modelprice_what_it_costs")
    for model, told in (
        ("mine-7b", ("your price for mine-*", "$0.25 in")),
        ("claude-opus-5-5", ("Claude Opus 5.5 of Anthropic", "$4 in, $0.20 from the cache")),
        ("nobody-s", ("no price is known", "/admin/monitor/modelprice/add/?pattern=nobody-s")),
    ):
        text = client.get(page, {"model": model}).content.decode()
        assert all(words in text for words in told), model
    assert "nobody-s" in client.get(page).content.decode(), "it was asked lately"
    assert "mine-*" in client.get("/admin/monitor/modelprice/").content.decode()
    assert operator_named("nobody").get(page).status_code in (302, 403)


def test_the_statistics_name_the_models_without_a_price(store: str) -> None:
    """With the way to set one for who may; a model with a price of nothing is not among them."""
    asked("nobody-s")
    asked("free")
    asked("silent", tokens_in=0, tokens_out=0)
    new_price("free", input_price=Decimal(0), output_price=Decimal(0))
    seen = told_unpriced(operator_named("looker", "view_requestlog"))
    assert "nobody-s" in seen
    assert "free<" not in seen
    assert "silent" not in seen
    assert "<a" not in seen
    may_set = told_unpriced(operator_named("setter", "view_requestlog", "add_modelprice"))
    assert 'href="/admin/monitor/modelprice/add/?pattern=nobody-s"' in may_set


def told_unpriced(client: Client) -> str:
    text = client.get("/monitor/statistics/").content.decode()
    return text.partition('id="unpriced"')[2].partition("</p>")[0]


def asked(model: str, tokens_in: int = 9, tokens_out: int = 5) -> None:
    """The statistics of a model that answered in this hour without cost."""
    numbers = dict.fromkeys(
        ("failed", "healed", "retried", "tokens_cached", "tokens_cache_write", "cached_tokens_lost"), 0
    )
    HourStatistic.objects.create(
        hour=datetime.now(UTC).replace(minute=0, second=0, microsecond=0),
        dimension="model",
        value=model,
        requests=1,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=Decimal(0),
        **numbers,
    )
    for day in days_to_fill(datetime.now(UTC).timestamp()):
        fill_day(day)
