"""What a Gemini server refuses of a request's form, by its own words, and the body without it."""

import copy
import json
from typing import Any

import pytest

from relay.dialects.errors.refused_parameters import GEMINI_SETTINGS, PAIRS, is_the_clients
from relay.dialects.gemini import GEMINI
from relay.dialects.gemini.requests.take_back import refused_setting

SAID = {
    "Penalty is not enabled for models/gemini-2.5-flash-lite": "presencePenalty",
    "Presence penalty is not enabled for this model": "presencePenalty",
    "Logprobs is not enabled for models/gemini-3-pro": "responseLogprobs",
    "Unable to submit request because Thinking is not supported by this model.": "thinkingConfig",
    "Thinking budget is not supported for this model.": "thinkingConfig",
    "Thinking level is not supported for this model.": "thinkingConfig",
    "thinking_config.include_thoughts is not supported": "thinkingConfig",
    "Unknown name \"topK\" at 'generation_config': Cannot find field.": "topK",
    "Unknown name \"top_k\" at 'generation_config': Cannot find field.": "topK",
    'Invalid JSON payload received. Unknown name "labels": Cannot find field.': "labels",
    "Please ensure that the number of function response parts is equal to the number of function call parts "
    "of the function call turn.": PAIRS,
    "Please ensure that function response turn comes immediately after a function call turn.": PAIRS,
    "Unknown name \"thinkingLevel\" at 'generation_config.thinking_config'": "",
    'Invalid JSON payload received. Unknown name "tools": Cannot find field.': "",
    "Function calling is not enabled for models/gemma-3": "",
    "Developer instruction is not enabled for models/gemma-3": "",
    "API key not valid. Please pass a valid API key.": "",
}


def test_each_sentence_names_its_setting() -> None:
    """What carries content, and what is about the account, is not among them; only a 400 or 422 says it."""
    assert {message: refused_setting(400, message) for message in SAID} == SAID
    assert {refused_setting(status, message) for status in (401, 403, 404, 429, 500) for message in SAID} == {
        ""
    }


def test_a_refusal_is_known_by_its_error() -> None:
    """It is on record as one of a parameter, which is healed."""
    for message, name in SAID.items():
        body = {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}
        assert GEMINI.classify(400, {}, json.dumps(body).encode()).refused_parameter == name


@pytest.mark.parametrize("form", ["camel", "snake"])
def test_it_is_taken_back_under_either_name(form: str) -> None:
    """At the top or among the settings; what goes together goes together; the given body stays as it is."""
    settings: dict[str, Any] = {"topK": 4, "presencePenalty": 1, "frequencyPenalty": 1, "maxOutputTokens": 9}
    body: dict[str, Any] = {"contents": [], "generationConfig": settings, "safetySettings": [{}]}
    if form == "snake":
        settings = {"top_k": 4, "presence_penalty": 1, "frequency_penalty": 1, "max_output_tokens": 9}
        body = {"contents": [], "generation_config": settings, "safety_settings": [{}]}
    before = copy.deepcopy(body)
    key = next(iter(body.keys() - {"contents", "safetySettings", "safety_settings"}))
    limit = next(name for name in settings if name.startswith("max"))
    taken = body
    for name in ("topK", "presencePenalty", "safetySettings"):
        taken = GEMINI.take_back(taken, name)
    assert taken == {"contents": [], key: {limit: 9}}
    assert body == before
    assert all(is_the_clients(name) for name in GEMINI_SETTINGS)


def test_what_is_not_there_leaves_the_body_alone() -> None:
    """So that nothing is asked again without a change."""
    body = {"contents": [], "generationConfig": {"maxOutputTokens": 9}}
    for name in (*GEMINI_SETTINGS, "stream", "developer role", "reasoning_content"):
        assert GEMINI.take_back(body, name) is body
