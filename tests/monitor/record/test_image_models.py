"""Image models are priced under the names that the price library has."""

import pytest
from genai_prices.data_snapshot import get_snapshot

from monitor.pricing.tools import DRAWN, tools_price
from monitor.record.image_models import DEAREST, LISTED, is_unknown_drawer, priced_as

PERIOD = 1_800_000_000 // 1800


@pytest.mark.parametrize(
    ("drawn_by", "priced"),
    [
        ("gpt-image-1", "gpt-image-1"),
        ("gpt-image-1-mini", "gpt-image-1-mini"),
        ("gpt-image-2-2026-04-21", "gpt-image-2"),
        ("gpt-image-2-0421", "gpt-image-2"),
        ("gpt-image-2.5-flare-2026-09-08", "gpt-image-2.5-flare"),
        ("gpt-image-2-codex", "gpt-image-2"),
        ("gpt-image-2.6-sunburst", "gpt-image-2"),
        ("gpt-image-2.6-flare-2026-11-04", "gpt-image-2"),
        ("chatgpt-image-latest", "gpt-image-1.5"),
        ("", "gpt-image-2"),
        (None, "gpt-image-2"),
        ("gpt-image-2-mini", None),
        ("gpt-image-3", None),
        ("gpt-image-2-2026-04-21-mini", None),
        ("gpt-image-2-2026-04-21\n", None),
        ("gpt-image-2-٢٠٢٦", None),
        ("gpt-4o", None),
        ("gpt-4o-foo-bar", None),
        ("gpt-5-nano", None),
        ("gpt" + "-b" * 98, None),
        (7, None),
    ],
)
def test_a_name_is_an_image_model_s_or_nobody_s(drawn_by: object, priced: str | None) -> None:
    """Only the end of a snapshot or an alias is left out: another model's name is not its family's, and a
    model that draws nothing, however cheap, has drawn nothing.
    """
    assert priced_as(drawn_by) == priced
    assert is_unknown_drawer({"drawn_by": drawn_by}) is (priced is None)


def test_the_names_are_the_library_s() -> None:
    """Every image model of OpenAI's that it prices is listed, and no other."""
    [openai] = [one for one in get_snapshot().providers if one.id == "openai"]
    assert {one.id for one in openai.models if one.id.startswith("gpt-image-")} == LISTED


def test_none_is_dearer_than_the_dearest() -> None:
    """With no sort of tokens does it pay to name a model that nobody knows."""
    for sort in DRAWN:
        prices = {name: tools_price("gpt-5", PERIOD, {sort: 10**6, "drawn_by": name}) for name in LISTED}
        unknown = tools_price("gpt-5", PERIOD, {sort: 10**6, "drawn_by": "a model of tomorrow"})
        assert unknown == prices[DEAREST] == max(prices.values()) > 0, sort


def test_without_pictures_nobody_drew() -> None:
    """A row that tells of no drawer rests on no estimate of one."""
    assert not is_unknown_drawer({"web_searches": 1})
