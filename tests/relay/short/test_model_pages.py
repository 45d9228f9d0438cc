"""Model lists in pages: all of them, and never without end."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from relay.neutral.failures import Failure, Kind
from relay.short.listed_models import MOST_NAMES, ModelPage
from relay.short.model_pages import MOST_PAGES, tells_models, whole_list

Answer = tuple[int, ModelPage | None] | Failure


def listed(kind: str, answer: Callable[[dict[str, str]], Answer]) -> tuple[list[str] | None, list[str]]:
    """The names, and the paths that were asked for; ``answer`` gets the query."""
    asked: list[str] = []
    pages: dict[bytes, ModelPage | None] = {}

    async def ask(path: str) -> tuple[int, bytes] | Failure:
        asked.append(path)
        told = answer({name: values[0] for name, values in parse_qs(urlsplit(path).query).items()})
        if isinstance(told, Failure):
            return told
        content = b"%d" % len(asked)
        pages[content] = told[1]
        return told[0], content

    async def read(content: bytes) -> ModelPage | None:
        return pages[content]

    return asyncio.run(whole_list(kind, ask, read)), asked


@pytest.mark.parametrize(
    ("kind", "is_token", "name", "first"),
    [
        ("anthropic", False, "after_id", "/v1/models?limit=1000"),
        ("openai", False, "after", "/v1/models"),
        ("openai", True, "pageToken", "/v1/models"),
        ("gemini", True, "pageToken", "/v1beta/models?pageSize=1000"),
    ],
)
def test_each_page_is_asked_for_in_the_vendors_words(
    kind: str, name: str, first: str, *, is_token: bool
) -> None:
    """Up to the one that tells of no other."""
    pages = {"": ModelPage(["a", "b"], "b&/", is_token), "b&/": ModelPage(["b", "c"], "c", is_token)}
    pages["c"] = ModelPage(["d"])
    names, asked = listed(kind, lambda query: (200, pages[query.get(name, "")]))
    assert names == ["a", "b", "c", "d"]
    assert [asked[0], len(asked)] == [first, 3]
    assert asked[1].endswith(f"{name}=b%26%2F")


def test_a_list_without_end_is_bounded() -> None:
    """By its pages and its names; one that tells the same page for ever is asked twice."""
    same, asked = listed("openai", lambda query: (200, ModelPage(["a"], "a")))
    assert (same, len(asked)) == (["a"], 2)
    count = iter(range(10**6))
    names, asked = listed("openai", lambda query: (200, ModelPage([f"m{next(count)}"], "x")))
    assert (len(names or ()), len(asked)) == (MOST_PAGES, MOST_PAGES)
    full = [f"m{at}" for at in range(MOST_NAMES)]
    names, asked = listed("openai", lambda query: (200, ModelPage(full, "x")))
    assert (names, len(asked)) == (full, 1)
    names, asked = listed("openai", lambda query: (200, ModelPage(["a"], "x" * 3000)))
    assert (names, len(asked)) == (["a"], 1)


DOWN = Failure(Kind.NETWORK, "no")


@pytest.mark.parametrize(
    ("later", "expected"),
    [((400, None), ["a"]), ((404, None), ["a"]), ((500, None), None), ((429, None), None), (DOWN, None)],
)
def test_a_page_that_fails(later: Answer, expected: list[str] | None) -> None:
    """A later page that is refused is none; what fails for now makes no list, and is asked again."""
    names, _ = listed("openai", lambda query: later if query else (200, ModelPage(["a"], "a")))
    assert names == expected
    assert listed("openai", lambda query: later)[0] is None
    assert listed("openai", lambda query: (200, None))[0] is None


def test_some_kinds_tell_no_models() -> None:
    """Vertex AI and Code Assist have no list that a key can see."""
    assert [tells_models(kind) for kind in ("gemini", "anthropic", "openai", "vertex", "code_assist")] == [
        True,
        True,
        True,
        False,
        False,
    ]
