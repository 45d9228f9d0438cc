"""A Gemini body fits another Gemini model: what that one refuses is mapped or dropped by name."""

import copy

import pytest

from accounts.facts.known_models import facts_for
from relay.dialects.gemini import GEMINI
from relay.dialects.translation.notes import CONTINUE
from relay.neutral.failures import CannotCarry

HI = {"role": "user", "parts": [{"text": "hi"}]}
NEON, FLASH, PRO, OLD = "gemini-4-neon", "gemini-3.6-flash", "gemini-2.5-pro", "gemini-2.0-flash"


def fit(model: str, **body: object) -> tuple[dict, list[str]]:
    """A body with one user turn and ``body``, fitted; and what was changed."""
    given = {"contents": [HI], **body}
    before = copy.deepcopy(given)
    changes: list[str] = []
    fitted = GEMINI.fit(given, model, facts_for(model, "gemini"), changes)
    assert given == before
    assert (fitted is given) == (not changes)
    return fitted, changes


def test_thinking(subtests: pytest.Subtests) -> None:
    """Budgets and levels become what the model takes; what it takes already is not touched."""
    for model, thinking, fitted, changed in [
        (NEON, {"thinkingLevel": "XHIGH"}, {"thinkingLevel": "XHIGH"}, []),
        (NEON, {"thinkingLevel": "high"}, {"thinkingLevel": "high"}, []),
        (NEON, {"includeThoughts": True}, {"includeThoughts": True}, []),
        (
            FLASH,
            {"thinkingLevel": "XHIGH", "includeThoughts": True},
            {"thinkingLevel": "HIGH", "includeThoughts": True},
            ["thinking effort xhigh became level HIGH"],
        ),
        (
            NEON,
            {"thinkingBudget": 20_000},
            {"thinkingLevel": "HIGH"},
            ["thinking budget 20000 became level HIGH"],
        ),
        (
            NEON,
            {"thinkingBudget": 0},
            {"thinkingLevel": "LOW"},
            ["thinking cannot be switched off: level LOW"],
        ),
        (
            FLASH,
            {"thinkingBudget": 9, "thinkingLevel": "LOW"},
            {"thinkingLevel": "LOW"},
            ["thinkingBudget dropped: the model takes thinkingLevel"],
        ),
        (
            PRO,
            {"thinkingLevel": "LOW"},
            {"thinkingBudget": 1_024},
            ["thinking effort low became budget 1024"],
        ),
        (PRO, {"thinkingBudget": 99_999}, {"thinkingBudget": 32_768}, ["thinking budget 99999 became 32768"]),
        (PRO, {"thinkingBudget": -1}, {"thinkingBudget": -1}, []),
        (OLD, {"thinkingLevel": "LOW"}, None, ["thinking dropped: the model has none"]),
        (NEON, {"thinkingLevel": 3}, {"thinkingLevel": 3}, []),
    ]:
        with subtests.test(f"{model, thinking, fitted, changed!r:.120}"):
            body, changes = fit(model, generationConfig={"thinkingConfig": thinking})
            assert body["generationConfig"].get("thinkingConfig") == fitted
            assert changes == changed


def test_a_thinking_model_to_one_without():
    """A configuration that asks for nothing is left out in silence."""
    changes: list[str] = []
    body = {"contents": [HI], "generationConfig": {"thinkingConfig": {"thinkingBudget": 0}, "seed": 1}}
    fitted = GEMINI.fit(body, OLD, facts_for(OLD), changes)
    assert (fitted["generationConfig"], changes) == ({"seed": 1}, [])


def test_limits_and_refused_parameters():
    """The limit is clamped; penalties, candidates and JSON beside tools go where they are refused."""
    config = {
        "max_output_tokens": 99_999_999,
        "temperature": 1,
        "presence_penalty": 0.1,
        "candidateCount": 2,
        "custom": 1,
    }
    body, changes = fit(NEON, generation_config=config)
    assert body["generation_config"] == {"max_output_tokens": 65_536, "temperature": 1, "custom": 1}
    assert changes == [
        "output limit 99999999 became 65536",
        "presencePenalty dropped: the model refuses it",
        "candidateCount dropped: the model refuses it",
    ]
    json_config = {"responseMimeType": "application/json", "responseSchema": {}, "seed": 1}
    body, changes = fit(PRO, generationConfig=json_config, tools=[{"functionDeclarations": []}])
    assert body["generationConfig"] == {"seed": 1}
    assert changes == [
        "responseMimeType dropped: the model refuses it",
        "responseSchema dropped: the model refuses it",
    ]


def test_prefill():
    """A trailing model turn is asked to be continued where the model does not do so itself."""
    turn = {"role": "model", "parts": [{"text": "Once"}]}
    body, changes = fit(NEON, contents=[HI, turn])
    assert body["contents"] == [HI, turn, {"role": "user", "parts": [{"text": CONTINUE}]}]
    assert changes == ["the model refuses prefill: a user turn asks it to continue"]
    assert fit(FLASH, contents=[HI, turn])[1] == []
    assert fit(NEON, contents=[HI, {"role": "model", "parts": [{"function_call": {"name": "f"}}]}])[1] == []


def test_cached_content():
    """What is cached cannot be read by a model without such a cache."""
    with pytest.raises(CannotCarry, match="cachedContent"):
        fit(NEON, cachedContent="cachedContents/x")
    assert fit(FLASH, cachedContent="cachedContents/x")[1] == []


@pytest.mark.parametrize(
    "body", [{"contents": 3}, {"contents": [3], "generationConfig": 3}, {"contents": []}]
)
def test_strange_bodies(body):
    """What is not understood is upstream's to refuse."""
    assert GEMINI.fit(body, NEON, facts_for(NEON), []) is body


@pytest.mark.parametrize(
    ("model", "config", "unseen"),
    [
        (NEON, {}, True),
        (NEON, {"thinkingConfig": {"includeThoughts": True}}, False),
        (NEON, {"thinking_config": {"include_thoughts": True}}, False),
        (NEON, {"thinkingConfig": {"thinkingLevel": "LOW"}}, True),
        ("gemini-2.5-flash", {"thinkingConfig": {"thinkingBudget": 0}}, False),
        ("gemini-2.5-flash", {"thinkingConfig": {"thinkingBudget": -1}}, True),
        ("gemini-2.5-flash-lite", {}, False),
        ("gemini-2.5-flash-lite", {"thinkingConfig": {"thinkingBudget": 512}}, True),
        (OLD, {"thinkingConfig": {"thinkingBudget": 512}}, False),
        (NEON, {"thinkingConfig": 3}, True),
    ],
)
def test_unseen_thinking(model, config, unseen):
    """The model may be silent for long where it thinks and the request does not ask to see it."""
    assert GEMINI.thinks_unseen({"contents": [HI], "generationConfig": config}, facts_for(model)) is unseen


def test_a_stream_is_asked_for_by_the_path():
    """The body says nothing of streams, and stays the very same."""
    body = {"contents": [HI]}
    assert GEMINI.as_stream(body) is body
    assert GEMINI.thinks_unseen(body, facts_for(NEON))
