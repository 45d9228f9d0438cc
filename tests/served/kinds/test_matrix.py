"""What every client can ask of every kind of account: docs/compatibility.md, written by asking.

``WRITE_COMPATIBILITY=1`` writes the file; without it the file must say what this run found.
"""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx
import pytest

from relay.simulator.model.prompts import SOURCE
from tests.running_server import ROOT
from tests.served.speakers import IMAGE_URL, PDF_URL, SPEAKERS, TOOLS, Heard, Speaker, Wish
from tests.served.world import World

pytestmark = pytest.mark.timeout(400)  # some 900 requests, and other work on the machine

PAGE = ROOT / "docs" / "compatibility.md"
COLUMNS = {
    "`gemini`": "on-gemini",
    "`vertex`": "on-vertex",
    "`code_assist`": "on-code-assist",
    "`anthropic`": "on-claude",
    "`vertex` (Claude)": "on-vertex-claude",
    "`openai` (OpenAI's own)": "on-openai",
    "`openai` (compatible server)": "on-open",
}
PROMPT = "Tell me about the harbour."
HEALS = frozenset({"thinking signatures put right"})
"""What is done to a request for its own good; nothing of it is lost."""

CELL = re.compile(r"yes|nearest: .+|400: .+|–")
ABSENT = "–"
"""What the client's own API has no words for."""


@dataclass
class Probe:
    """One cell on its way: the answers it needed, and what is wrong where it is not simply "yes"."""

    client: httpx.Client
    speaker: Speaker
    model: str
    last: httpx.Response | None = None
    refusal: str = ""

    def ask(self, wish: Wish) -> Heard | None:
        """What the client hears; None for a 400, which is kept. Any other status fails the run."""
        self.last = self.speaker.ask(self.client, self.model, wish)
        if self.last.status_code == 400:
            self.refusal = self.speaker.error(self.last.json())
            return None
        assert self.last.status_code == 200, f"{self.speaker.name}, {self.model}, {wish}: {self.last.text}"
        return self.speaker.heard(self.last, wish)


def probe_text(probe: Probe) -> str:
    heard = probe.ask(Wish(PROMPT))
    return _yes_if(heard and heard.text and heard.is_complete)


def probe_stream(probe: Probe) -> str:
    whole, streamed = probe.ask(Wish(PROMPT)), probe.ask(Wish(PROMPT, is_stream=True))
    return _yes_if(whole and streamed and streamed.is_complete and streamed.text == whole.text)


def probe_tools(probe: Probe) -> str:
    wish = Wish("Please use the tool.", tools=True)
    heard = probe.ask(wish)
    assert heard is None or [(name, list(given)) for _, name, given in heard.calls] == [(TOOLS[0], ["city"])]
    return _after_results(probe, wish, heard)


def probe_parallel(probe: Probe) -> str:
    wish = Wish("Please use the tool in parallel.", tools=True)
    heard = probe.ask(wish)
    assert heard is None or [name for _, name, _ in heard.calls] == list(TOOLS)
    return _after_results(probe, wish, heard)


def _after_results(probe: Probe, wish: Wish, heard: Heard | None) -> str:
    if heard is None:
        return ""
    after = probe.ask(replace(wish, history=probe.speaker.results(heard, "text")))
    return _yes_if(after and "The tool said: 21 degrees" in after.text and not after.calls)


def probe_result_images(probe: Probe) -> str:
    wish = Wish("Please use the tool.", tools=True)
    heard = probe.ask(wish)
    if heard is None:
        return ""
    after = probe.ask(replace(wish, history=probe.speaker.results(heard, "image")))
    return _yes_if(after and "I see image/png of" in after.text)


def probe_result_errors(probe: Probe) -> str:
    wish = Wish("Please use the tool.", tools=True)
    heard = probe.ask(wish)
    if heard is None:
        return ""
    after = probe.ask(replace(wish, history=probe.speaker.results(heard, "error")))
    return _yes_if(after and re.search("The tool said: error:? 21 degrees", after.text, re.IGNORECASE))


def probe_thinking(probe: Probe) -> str:
    heard = probe.ask(Wish(PROMPT, thinking=True))
    if heard is None or (heard.thinking and heard.tokens_thinking):
        return _yes_if(heard)
    if heard.thinking:
        return "yes"  # upstream tells the text and no number
    return "nearest: thinks, and shows none of it" if heard.tokens_thinking else "nearest: does not think"


def probe_image(probe: Probe) -> str:
    heard = probe.ask(Wish("What is this?", media="image"))
    return _yes_if(heard and "I see image/png of" in heard.text)


def probe_pdf(probe: Probe) -> str:
    heard = probe.ask(Wish("What is this?", media="pdf"))
    return _yes_if(heard and "I see application/pdf of" in heard.text)


def probe_image_address(probe: Probe) -> str:
    heard = probe.ask(Wish("What is this?", media="image_url"))
    return _yes_if(heard and f"at {IMAGE_URL}" in heard.text)


def probe_pdf_address(probe: Probe) -> str:
    heard = probe.ask(Wish("What is this?", media="pdf_url"))
    return _yes_if(heard and f"at {PDF_URL}" in heard.text)


def probe_audio(probe: Probe) -> str:
    heard = probe.ask(Wish("What is this?", media="audio"))
    return _yes_if(heard and re.search(r"I see audio\S* of", heard.text))


def probe_search(probe: Probe) -> str:
    """Upstream's own search runs, and the client is told the source in its own words."""
    heard = probe.ask(Wish("Please search the web.", search=True))
    if heard is None:
        return ""
    return "yes" if heard.sources == [SOURCE] else "nearest: answers without a search"


def probe_schema(probe: Probe) -> str:
    heard = probe.ask(Wish("Paris?", schema=True))
    return _yes_if(heard and sorted(json.loads(heard.text)) == ["city", "warm"])


def probe_stop(probe: Probe) -> str:
    whole = probe.ask(Wish(PROMPT))
    assert whole is not None
    word = whole.text.split()[6]
    heard = probe.ask(Wish(PROMPT, stop=word))
    if heard is not None and heard.text == whole.text:
        return "nearest: goes on past it"
    return _yes_if(heard and whole.text.startswith(heard.text) and word not in heard.text)


def probe_usage(probe: Probe) -> str:
    heard = probe.ask(Wish(PROMPT))
    return _yes_if(heard and heard.tokens_in > 0 and heard.tokens_out > 0)


def probe_errors(probe: Probe) -> str:
    """An overloaded upstream: the status that means so, in the client's own shape."""
    wish = Wish("Hello. [fault: status=503*]")
    probe.last = probe.speaker.ask(probe.client, probe.model, wish)
    message = probe.speaker.error(probe.last.json())
    return _yes_if(probe.last.status_code in (503, 529) and "attempts failed" in message)


def _yes_if(is_so: object) -> str:
    return "yes" if is_so else ""


FEATURES: dict[str, Callable[[Probe], str]] = {
    "text": probe_text,
    "stream": probe_stream,
    "tools": probe_tools,
    "parallel tools": probe_parallel,
    "thinking": probe_thinking,
    "tool results with images": probe_result_images,
    "tool errors": probe_result_errors,
    "images": probe_image,
    "images by address": probe_image_address,
    "PDF": probe_pdf,
    "PDF by address": probe_pdf_address,
    "audio": probe_audio,
    "web search, citations": probe_search,
    "JSON schema": probe_schema,
    "stop": probe_stop,
    "usage": probe_usage,
    "errors": probe_errors,
}


@dataclass
class Found:
    """What a cell's requests came to; ``request_id`` is the last one's."""

    word: str
    refusal: str
    request_id: str


def cell(found: Found, changes: list[str], usual: list[str]) -> str:
    """The cell's text. ``usual`` are the changes that this pair makes to every request."""
    if found.refusal:
        return f"400: {found.refusal}"
    news = [change for change in changes if change not in usual and change not in HEALS]
    if news and found.word:
        return f"nearest: {'; '.join(news)}"
    return found.word


@pytest.fixture(scope="module")
def tables(shared_kinds_world: World) -> dict[str, list[list[str]]]:
    """For each client: a row for each feature, a cell for each kind."""
    world = shared_kinds_world
    world.simulator.reset()
    found: dict[tuple[str, str, str], Found] = {}
    for speaker in SPEAKERS:
        for model in COLUMNS.values():
            for feature, check in FEATURES.items():
                if feature in speaker.lacks:
                    continue
                probe = Probe(world.client, speaker, model)
                word = check(probe)
                assert probe.last is not None
                request_id = probe.last.headers["x-request-id"]
                found[speaker.name, model, feature] = Found(word, probe.refusal, request_id)
    world.row(request_id)
    rows = world.server.rows("SELECT id, changes FROM monitor_requestlog WHERE in_flight = false")
    changes = {row["id"]: _list(row["changes"]) for row in rows}

    def one(name: str, model: str, feature: str) -> str:
        if (name, model, feature) not in found:
            return ABSENT
        usual = changes[found[name, model, "text"].request_id]
        mine = found[name, model, feature]
        return cell(mine, changes[mine.request_id], usual)

    return {
        speaker.name: [
            [one(speaker.name, model, feature) for model in COLUMNS.values()] for feature in FEATURES
        ]
        for speaker in SPEAKERS
    }


def _list(value: object) -> list[str]:
    return json.loads(value) if isinstance(value, str) else list(value or ())  # type: ignore[call-overload]


def page(tables: dict[str, list[list[str]]]) -> str:
    """docs/compatibility.md."""
    lines = [
        "# Compatibility",
        "",
        "What each client can ask of each kind of account. **Every cell was asked**: this page is written by",
        "`tests/served/kinds/test_matrix.py`, which sends the requests through a running server to simulated",
        "upstreams (`WRITE_COMPATIBILITY=1 make test PYTEST_ARGS=tests/served/kinds/test_matrix.py` writes",
        "it anew; without the variable the test compares).",
        "",
        "* **yes** – it arrives as the client's own API would give it.",
        "* **nearest: …** – upstream has no such thing; what was done instead stands in the cell, and in the",
        "  request's row under *what was changed*.",
        "* **400: …** – upstream has no place for it, and leaving it out would change what was asked.",
        "* **–** – the client's own API has no words for it.",
        "",
        "The models behind the columns: `gemini-3-flash-preview` for the first three, `claude-sonnet-4-6`",
        "for the next two, `gpt-6-sol`, and `deepseek-sim`. Another model may take more or less: its facts",
        "decide. Counting tokens and embeddings have tests of their own (`test_kinds.py`,",
        "`test_embedding.py`).",
    ]
    for name, rows in tables.items():
        lines += ["", f"## {name}", "", f"| | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
        lines += [
            f"| {feature} | {' | '.join(text.replace('|', '∣') for text in cells)} |"
            for feature, cells in zip(FEATURES, rows, strict=True)
        ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", [speaker.name for speaker in SPEAKERS])
def test_no_cell_is_empty(tables: dict[str, list[list[str]]], name: str) -> None:
    """Each cell says yes, what is nearest, or why it is refused; nothing is lost in silence."""
    wrong = [
        (feature, column, text)
        for feature, cells in zip(FEATURES, tables[name], strict=True)
        for column, text in zip(COLUMNS, cells, strict=True)
        if not CELL.fullmatch(text)
    ]
    assert wrong == []


def test_the_page_is_current(tables: dict[str, list[list[str]]]) -> None:
    """docs/compatibility.md says what this run found."""
    written = page(tables)
    if os.environ.get("WRITE_COMPATIBILITY") == "1":
        PAGE.write_text(written)
    assert PAGE.read_text() == written
