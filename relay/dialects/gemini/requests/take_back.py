"""What a Gemini server refuses of a request's form, by its own words, and the body without it.  PURE.

Google's API names an unknown field ("Unknown name"), or says that a setting "is not enabled" or "not
supported" for the model. Only what carries no content is taken back; a tool or a turn that is refused is the
client's to see, but for calls and results that do not pair.
"""

from monitor.masking.linear import Phrases
from relay.dialects.errors.refused_parameters import GEMINI_SETTINGS, PAIRS, STATUSES
from relay.dialects.gemini.fields import field, snake, with_field, without
from relay.dialects.gemini.turn_form import TURNS
from relay.dialects.healing.pairing import paired
from relay.neutral.conversation import Json

THINKING, PENALTIES = "thinkingConfig", "presencePenalty"

_SAID = (
    # what is taken back, and Google's words: of penalties, of log probabilities, of models that do not think
    (PAIRS, Phrases(
        r"number of function response parts is equal", r"function response turn comes immediately after")),
    (PENALTIES, Phrases(r"penalty is not (?:enabled|supported)")),
    ("responseLogprobs", Phrases(r"logprobs (?:is|are) not (?:enabled|supported)")),
    ("mediaResolution", Phrases(r"media.?resolution is not (?:enabled|supported)")),
    (THINKING, Phrases(
        r"thinking(?:[ _.]?(?:config|level|budget))?(?:\.\w+)? is not (?:enabled|supported)",
        r"does(?: not|n't) support thinking", r"thinking is only (?:enabled|supported)")),
)  # fmt: skip
_NAMED = tuple(
    (name, Phrases(rf"unknown name ['\"`\\]{{0,4}}(?:{name}|{snake(name)})['\"`\\]"))
    for name in GEMINI_SETTINGS
)
_TOGETHER = {
    PENALTIES: ("presencePenalty", "frequencyPenalty"),
    "responseLogprobs": ("responseLogprobs", "logprobs"),
}


def refused_setting(status: int | None, message: str, parameter: str = "") -> str:
    """What is to be taken back of the request that this error refuses; "" for any other error.

    Google names no ``parameter`` beside its words.
    """
    if status not in STATUSES:
        return ""
    return next((name for name, words in (*_SAID, *_NAMED) if words.are_in(message)), "")


def take_back(body: Json, name: str) -> Json:
    """``body`` without ``name``, at its top or among its settings; the same object where it is not there."""
    if name == PAIRS:
        return paired(TURNS, body)
    names = _TOGETHER.get(name, (name,))
    settings = field(body, "generationConfig")
    if isinstance(settings, dict) and any(field(settings, one) is not None for one in names):
        body = with_field(body, "generationConfig", without(settings, *names))
    return without(body, *names) if any(field(body, one) is not None for one in names) else body
