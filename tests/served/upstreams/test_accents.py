"""Every accent of the simulator through the real server: clients hear what the model said."""

import httpx
import pytest

from relay.simulator.accents.catalogue import ACCENTS
from relay.simulator.model.prose import answer_text
from tests.served.speakers import SPEAKERS, TOOLS, Speaker, Wish
from tests.served.world import World
from tests.wire.hearing.clients import ClientName
from tests.wire.hearing.ears import hear
from tests.wire.hearing.heard import Heard

MODELS = {"chat": "on-open", "gemini": "on-gemini", "anthropic": "on-claude", "responses": "on-openai"}
"""A model whose account is asked in the dialect."""

CASES = [
    (name, MODELS[dialect])
    for name, accent in ACCENTS.items()
    for dialect in MODELS
    if dialect in accent.changes
]


FAILING: dict[tuple[str, str], str] = {}
"""What fails today; a fix takes it out."""

EARS: dict[str, ClientName] = {
    "Anthropic Messages": "anthropic",
    "Gemini generateContent": "gemini",
    "OpenAI chat completions": "chat",
    "OpenAI responses": "responses",
}


def _hear(speaker: Speaker, answer: httpx.Response, is_stream: bool) -> Heard:
    """What the vendor's own SDK makes of it."""
    kind = answer.headers["content-type"]
    return hear(EARS[speaker.name], is_stream, answer.status_code, kind, answer.content)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("accent", "model"), CASES)
def test_no_accent_changes_the_answer(kinds_world: World, accent: str, model: str) -> None:
    """The whole text and its end, streamed and collected, and the very call, for every client's SDK."""
    wrong = []
    prompt = f"Hello. [accent: {accent}]"
    for speaker in SPEAKERS:
        for is_stream in (True, False):
            answer = speaker.ask(kinds_world.client, model, Wish(prompt, is_stream=is_stream))
            heard = _hear(speaker, answer, is_stream)
            if (heard.text, heard.stop, heard.crash) != (answer_text(prompt), "end_turn", ""):
                wrong.append(f"{speaker.name}, stream={is_stream}: {heard}")
        answer = speaker.ask(
            kinds_world.client, model, Wish(f"Please use the tool. [accent: {accent}]", tools=True)
        )
        calls = [(name, list(given)) for name, given in _hear(speaker, answer, False).calls]
        if calls != [(TOOLS[0], ["city"])]:
            wrong.append(f"{speaker.name}: calls {calls}")
        if accent == "empty_frames" and any(line.strip() == "data:" for line in answer.text.splitlines()):
            wrong.append(f"{speaker.name}: an empty frame was forwarded")
    assert bool(wrong) == ((accent, model) in FAILING), wrong
