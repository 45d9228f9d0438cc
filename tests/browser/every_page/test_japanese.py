"""Every page asked for in Japanese: no words of ours are left in English."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest

from tests.browser.all_pages import PAGES, known_ids
from tests.browser.console import console
from tests.running_server import ServerWorld
from tests.served.operators import log_in
from tests.served.world import World

_ENGLISH = re.compile(r"\b[A-Za-z]?[a-z]{2,}[,:;]? [a-z]{2,}\b")
"""Two words in a row: one alone may be a name, or a value that an API knows."""

_VERBATIM = {"code", "pre", "kbd", "script", "style", "textarea"}
_SPOKEN = {"title", "placeholder", "aria-label", "alt"}
_SAID_BY_OTHERS = (
    # by the client, in what it asks
    "A plain question.",
    "An empty answer first. [fault: empty, ok]",
    "Nothing at all.",
    # by the upstream, or by the page of a vendor
    "the vendors' documentation and the types of their own SDKs",
    # of vendors' interfaces
    "chat completions",
    "OpenAI chat completions",
    "curl, OpenAI chat completions",
    # how to install a client
    "pip install",
    "npm install",
)


class _Texts(HTMLParser):
    """Gathers what a page shows and speaks; what is quoted word for word is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._verbatim = 0
        self._icon = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self._verbatim += tag in _VERBATIM
        self._icon = "material-symbols-outlined" in (told.get("class") or "")
        self.found += [value for name, value in attrs if name in _SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self._verbatim -= tag in _VERBATIM
        self._icon = False

    def handle_data(self, data: str) -> None:
        if not self._verbatim and not self._icon:
            self.found.append(" ".join(data.split()))


def english(page: str) -> Iterator[str]:
    """What of a page's text is English and not somebody else's."""
    texts = _Texts()
    texts.feed(page)
    for text in texts.found:
        rest = text
        for said in _SAID_BY_OTHERS:
            rest = rest.replace(said, "")
        if _ENGLISH.search(rest):
            yield text


def test_english_is_found() -> None:
    """In a text and in what is spoken of it; not in code, nor in what others said."""
    page = (
        '<p title="of ours">Japanese <code>not this one</code></p><pre>nor this</pre><b>A plain question.</b>'
    )
    assert list(english(f"{page}<i>left over</i>")) == ["of ours", "left over"]


@pytest.fixture(scope="module")
def untouched_world(server_world: ServerWorld) -> Iterator[World]:
    """Without the keys and requests that other tests name in English."""
    with console(server_world) as world:
        yield world


@pytest.fixture(scope="module")
def reader(untouched_world: World) -> Iterator[httpx.Client]:
    """Somebody who reads Japanese."""
    headers = {"accept-language": "ja"}
    with httpx.Client(base_url=untouched_world.server.base_url, headers=headers, timeout=60) as client:
        log_in(client)
        yield client


def test_no_page_speaks_english_to_who_reads_japanese(untouched_world: World, reader: httpx.Client) -> None:
    """Titles, texts, hints and names of buttons; upstream's and the clients' own words stay theirs."""
    known = known_ids(untouched_world) | {"changed": carried_elsewhere(untouched_world)}
    left = {}
    for path in (*(path for paths in PAGES.values() for path in paths), "/monitor/history/{changed}/"):
        answer = reader.get(path.format(**known), follow_redirects=True)
        assert answer.status_code == 200, path
        assert 'lang="ja"' in answer.text, path
        if found := sorted(set(english(answer.text))):
            left[path] = found
    assert not left, json.dumps(left, indent=1, ensure_ascii=False)


def carried_elsewhere(world: World) -> str:
    """A request of which the server had to change much: its id."""
    answer = world.messages(
        "A plain question.",
        model="claude-on-gemini",
        service_tier="auto",
        stop_sequences=list("abcdef"),
        thinking={"type": "enabled", "budget_tokens": 1024, "display": "omitted"},
        tools=[
            {"name": "look", "input_schema": {"type": "object", "additionalProperties": 1}, "strict": True}
        ],
    )
    row = world.row(answer)
    assert str(row["changes"]).count(",") >= 2, row["changes"]
    return str(row["id"])
