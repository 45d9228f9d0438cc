"""What exchanges cost, worked out by hand from the vendors' published prices.

Dollars for a million tokens, from platform.claude.com/docs/en/about-claude/pricing,
openai.com/api/pricing, openai.com/api-fast-mode, developers.openai.com/api/docs/models (GPT Image, GPT-6.2),
docs.x.ai/developers/pricing and ai.google.dev/gemini-api/docs/pricing (November 2026).
"""

import tomllib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files

import msgspec
import pytest

from monitor.pricing.cost import cost_of, priced
from monitor.pricing.library import is_listed
from monitor.pricing.price_list import NO_PRICES, PriceList, PriceRule, Rates
from monitor.record.attempt_use import AttemptUse
from monitor.record.estimated import GUESSED_PRICE, is_estimated
from monitor.record.records import Outcome, RequestRecord

M = 10**6
AT = datetime(2026, 11, 20, tzinfo=UTC).timestamp()
"""Prices change: these are the ones of that day."""
OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-4-6", "claude-haiku-4-5"
PRO, FLASH, FLASH_3 = "gemini-2.5-pro", "gemini-2.5-flash", "gemini-3-flash-preview"
FLASH_IMAGE, PRO_IMAGE, GPT_AUDIO = "gemini-2.5-flash-image", "gemini-3-pro-image-preview", "gpt-audio"
GPT, GPT_MINI, GPT_41, GROK = "gpt-5", "gpt-5-mini", "gpt-4.1", "grok-4"
SOL, ASTRA, NEON, HYDROGEN = "gpt-6.2-sol", "gpt-6.2-astra", "gemini-4-neon", "gemini-4-hydrogen"
CARBON, MYTHOS = "gemini-4-carbon", "claude-mythos-5-1"
IMAGE, IMAGE_2 = "gpt-image-2.6-sunburst", "gpt-image-2"

EXAMPLES: list[tuple[str, tuple[int, int, int, int], dict[str, object], str | None]] = [
    # model, (uncached, cached, written, out), what else is told, dollars
    (OPUS, (M, 0, 0, 0), {}, "4"),
    (OPUS, (0, 0, 0, M), {}, "20"),
    (OPUS, (0, M, 0, 0), {}, "0.2"),
    (OPUS, (0, 0, M, 0), {}, "5"),
    (OPUS, (0, 0, M, 0), {"cache_write_1h": M}, "8"),
    (OPUS, (0, 0, M, 0), {"cache_write_1h": M // 2}, "6.5"),
    (OPUS, (0, 0, 1000, 0), {"cache_write_1h": 10**9}, "0.008"),
    (OPUS, (1000, 20_000, 3_000, 500), {}, "0.033"),
    (OPUS, (1000, 20_000, 3_000, 500), {"service_tier": "fast"}, "0.066"),
    (OPUS, (1000, 20_000, 3_000, 500), {"service_tier": "batch"}, "0.0165"),
    (OPUS, (0, 0, 0, 0), {"web_searches": 3}, "0.03"),
    (OPUS, (1000, 0, 0, 0), {"web_searches": 1, "service_tier": "fast"}, "0.018"),
    (SONNET, (M, 0, 0, 0), {}, "3"),
    (SONNET, (0, 0, 0, M), {}, "15"),
    (SONNET, (0, M, 0, 0), {}, "0.3"),
    (SONNET, (0, 0, M, 0), {}, "3.75"),
    (SONNET, (0, 0, M, 0), {"cache_write_1h": M}, "6"),
    (SONNET, (200, 90_000, 1_500, 700), {}, "0.043725"),
    (SONNET, (0, 0, 0, 0), {"web_searches": 1000}, "10"),
    (HAIKU, (M, 0, 0, M), {}, "6"),
    (HAIKU, (0, M, M, 0), {"cache_write_1h": M}, "2.1"),
    (HAIKU, (0, 0, M, 0), {"cache_write_1h": 0}, "1.25"),
    (PRO, (100_000, 0, 0, 1000), {}, "0.135"),
    (PRO, (300_000, 0, 0, 1000), {}, "0.765"),
    (PRO, (0, 0, 0, 0), {"web_searches": 1}, "0.035"),
    (FLASH, (M, 0, 0, 0), {}, "0.3"),
    (FLASH, (0, 0, 0, M), {}, "2.5"),
    (FLASH, (0, M, 0, 0), {}, "0.03"),
    (FLASH_3, (M, 0, 0, M), {}, "3.5"),
    (FLASH_3, (0, M, 0, 0), {}, "0.05"),
    (FLASH_3, (0, 0, 0, 0), {"web_searches": 2}, "0.028"),
    (GPT, (M, 0, 0, 0), {}, "1.25"),
    (GPT, (0, M, 0, 0), {}, "0.125"),
    (GPT, (0, 0, 0, M), {}, "10"),
    (GPT, (M, 0, 0, M), {"service_tier": "fast"}, "22.5"),
    (GPT, (M, 0, 0, M), {"service_tier": "flex"}, "5.625"),
    (GPT, (0, 0, 0, 0), {"web_searches": 1}, "0.01"),
    (GPT_MINI, (M, 0, 0, M), {}, "2.25"),
    (GPT_MINI, (M, 0, 0, M), {"service_tier": "fast"}, "4.05"),
    (GPT_41, (M, M, 0, M), {}, "10.5"),
    (GPT_41, (M, 0, 0, M), {"service_tier": "fast"}, "17.5"),
    (GPT_41, (M, 0, 0, M), {"service_tier": "a tier of tomorrow"}, "10"),
    (OPUS, (1000, 20_000, 3_000, 500), {"inference_geo": "us"}, "0.0363"),
    (OPUS, (1000, 0, 0, 0), {"inference_geo": "us", "service_tier": "fast", "web_searches": 1}, "0.0188"),
    (OPUS, (1000, 0, 0, 0), {"inference_geo": "global"}, "0.004"),
    (FLASH, (2000, 1000, 0, 100), {"audio_tokens_in": 1500, "audio_tokens_cached": 400}, "0.001958"),
    (FLASH, (M, 0, 0, 0), {"image_tokens_in": M, "video_tokens_in": M}, "0.3"),
    (FLASH, (1000, 0, 0, 0), {"audio_tokens_in": 10**9}, "0.001"),
    (FLASH_IMAGE, (1000, 0, 0, 1300), {"image_tokens_out": 1290}, "0.039025"),
    (PRO_IMAGE, (1000, 0, 0, 2000), {"image_tokens_out": 1120, "image_tokens_in": 560}, "0.14696"),
    (GPT_AUDIO, (1000, 0, 0, 1000), {"audio_tokens_in": 800, "audio_tokens_out": 900}, "0.0847"),
    (GPT_AUDIO, (1000, 0, 0, 1000), {"audio_tokens_in": 800, "service_tier": "flex"}, "0.01805"),
    (PRO, (0, 0, 0, 0), {"web_searches": 4}, "0.035"),
    (GPT, (0, 0, 0, 0), {"file_searches": 2}, "0.005"),
    (GROK, (0, 0, 0, 0), {"web_searches": 3}, "0.015"),
    (GPT, (1000, 0, 0, 100), {"drawn_text_in": 27, "drawn_image_out": 515, "drawn_by": IMAGE}, "0.017835"),
    (GPT, (0, 0, 0, 0), {"drawn_text_in": 298, "drawn_image_in": 7620, "drawn_image_out": 186}, "0.06803"),
    (GPT, (0, 0, 0, 0), {"drawn_image_cached": M, "drawn_text_cached": M, "drawn_by": IMAGE_2}, "3.25"),
    (GPT, (0, 0, 0, 0), {"drawn_image_out": M, "drawn_by": "gpt-image-2-codex"}, "30"),
    (GPT, (0, 0, 0, 0), {"drawn_image_out": M, "drawn_by": "gpt-image-1.5", "service_tier": "fast"}, "32"),
    (GPT, (M, 0, 0, 0), {"drawn_image_out": 1, "drawn_by": "an image model of tomorrow"}, "1.25004"),
    (GPT, (M, 0, 0, M // 10), {"drawn_text_in": 5, "drawn_by": "chatgpt-image-latest"}, "2.250025"),
    (GPT, (0, 0, 0, 0), {"drawn_image_out": M, "drawn_by": "gpt-image-2-mini"}, "40"),
    (GPT, (0, 0, 0, 0), {"drawn_image_out": M, "drawn_by": "gpt-5-nano"}, "40"),
    (SOL, (100_000, 50_000, 10_000, 20_000), {}, "0.43"),
    (SOL, (300_000, 0, 0, 10_000), {}, "1.35"),
    (SOL, (100_000, 0, 0, 0), {"service_tier": "fast"}, "0.4"),
    (SOL, (100_000, 0, 0, 0), {"service_tier": "ultrafast"}, "0.6"),
    (ASTRA, (100_000, 50_000, 10_000, 20_000), {}, "1.72"),
    (ASTRA, (300_000, 0, 0, 10_000), {"web_searches": 1}, "5.41"),
    (NEON, (M, M, 0, M), {}, "18.15"),
    (NEON, (1000, 0, 0, 0), {"web_searches": 2}, "0.031"),
    (HYDROGEN, (M, M, 0, M), {}, "9.075"),
    (HYDROGEN, (M, 0, 0, 0), {"service_tier": "flex"}, "0.75"),
    (HYDROGEN, (M, 0, 0, M), {"service_tier": "fast"}, "16.2"),
    (CARBON, (M, M, 0, M), {}, "12.1"),
    (MYTHOS, (M, M, M, M), {"cache_write_1h": M}, "80.25"),
    (f"{MYTHOS}-20260901", (M, 0, 0, 0), {}, "10"),
    ("anthropic/claude-opus-5.5", (M, 0, 0, 0), {}, "4"),
    ("publishers/anthropic/models/claude-opus-5-5@20260901", (M, 0, 0, 0), {"service_tier": "fast"}, "8"),
    ("openai/gpt-4.1", (M, 0, 0, M), {"service_tier": "fast"}, "17.5"),
    ("models/gemini-2.5-pro", (0, 0, 0, 0), {"web_searches": 4}, "0.035"),
    (f"google/{NEON}", (M, 0, 0, 0), {}, "3"),
    (f"google/{NEON}:free", (M, 0, 0, 0), {}, None),
    ("somebody/claude-opus-5-5", (M, 0, 0, 0), {}, None),
]


def test_forty_worked_examples(request_record: Callable[..., RequestRecord]) -> None:
    """Caches by how long they last, tiers, places, searches, long contexts, sound and pictures, also those
    that another model drew: to the ten-billionth of a dollar.
    """
    wrong = []
    for model, (uncached, cached, written, output), told, dollars in EXAMPLES:
        record = request_record(
            mapped_model=model,
            started_at=AT,
            tokens_in=uncached,
            tokens_cached=cached,
            tokens_cache_write=written,
            tokens_out=output,
            diagnostics=told,
        )
        if cost_of(record) != (None if dollars is None else Decimal(dollars)):
            wrong.append((model, told, dollars, str(cost_of(record))))
    assert len(EXAMPLES) >= 40
    assert wrong == []


def test_an_announced_price_holds_from_its_day_on(request_record: Callable[..., RequestRecord]) -> None:
    """Gemini 4 Carbon costs twice as much from December 2026 on; ultrafast Sol six times from March 2027."""
    december, march = (datetime(*day, tzinfo=UTC).timestamp() for day in ((2026, 12, 2), (2027, 3, 2)))
    used = {"tokens_in": M, "tokens_out": 0}
    carbon = request_record(mapped_model=CARBON, started_at=december, **used)
    assert cost_of(carbon) == 4
    sol = {"mapped_model": SOL, "tokens_in": 1000, "tokens_out": 0}
    fast = request_record(started_at=march, diagnostics={"service_tier": "ultrafast"}, **sol)
    assert cost_of(fast) == Decimal("0.012")


def test_each_model_that_is_known_by_name_has_a_price() -> None:
    """Else it would spend nothing of a budget in money: those of the last weeks too."""
    table = files("accounts.facts").joinpath("model_facts.toml").read_text("utf-8")
    names = [name for model in tomllib.loads(table)["model"] for name in model.get("names", ())]
    assert len(names) > 40
    assert [name for name in names if not is_listed(name)] == []


ESTIMATES = {"estimated_tokens_in": 1000, "estimated_tokens_out": 500}


@pytest.mark.parametrize(
    ("tokens_in", "tokens_out", "told", "dollars", "estimated"),
    [
        (None, None, ESTIMATES, "0.014", True),
        (2000, None, ESTIMATES, "0.018", True),
        (2000, 100, ESTIMATES, "0.01", False),
        (2000, 100, {"drawn_image_out": 1, "drawn_by": "an image model of tomorrow"}, "0.01004", True),
        (2000, 100, {"drawn_image_out": 1, "drawn_by": IMAGE_2}, "0.01003", False),
        (None, None, {}, None, False),
        (None, None, {"estimated_tokens_in": -1, "estimated_tokens_out": 5}, None, True),
        (None, None, {"estimated_tokens_in": True, "estimated_tokens_out": 5}, None, True),
    ],
)
def test_a_cut_stream_costs_what_came(
    tokens_in: int | None,
    tokens_out: int | None,
    told: dict[str, int],
    dollars: str | None,
    estimated: bool,
    request_record: Callable[..., RequestRecord],
) -> None:
    """What upstream counted goes before an estimate; where neither is there the price is unknown, not 0.

    Who drew pictures for a price that nobody knows is an estimate, too.
    """
    record = request_record(
        mapped_model=OPUS,
        started_at=AT,
        outcome=Outcome.INTERRUPTED,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        diagnostics=told,
    )
    assert cost_of(record) == (None if dollars is None else Decimal(dollars))
    assert is_estimated(priced(record)) is estimated


class OnePrice:
    """A price for every model."""

    def __init__(self, rules: Iterable[tuple[str, PriceRule]]) -> None:
        [(_, self._rule)] = rules

    def find(self, name: str, /) -> PriceRule | None:
        return self._rule


def test_a_guess_is_what_was_charged_for_one(request_record: Callable[..., RequestRecord]) -> None:
    """Of a row as of an attempt; none, where an own price is all that is charged, or nothing was drawn."""
    own = PriceList.of([PriceRule("*", 0.0, Rates(*map(Decimal, "1111")))], OnePrice)
    tomorrows: dict[str, str | int] = {"drawn_by": "an image model of tomorrow"}
    drew = {**tomorrows, "drawn_image_out": 1}
    for told, prices, estimated in (
        (drew, NO_PRICES, True),
        (drew, own, False),
        (tomorrows, NO_PRICES, False),
        ({**drew, GUESSED_PRICE: True}, own, False),
        ({**drew, "drawn_by": IMAGE_2}, NO_PRICES, False),
    ):
        row = request_record(mapped_model=OPUS, started_at=AT, tokens_in=9, tokens_out=9, diagnostics=told)
        assert is_estimated(priced(row, prices)) is estimated, (told, prices)
        use = AttemptUse(number=1, account="a", model=OPUS, tokens_in=9, tokens_out=9, diagnostics=told)
        of_attempts = msgspec.structs.replace(row, diagnostics={}, used_by_attempt=(use,))
        assert is_estimated(priced(of_attempts, prices)) is estimated, (told, prices)
        assert priced(priced(row, own), prices) == priced(row, prices)
