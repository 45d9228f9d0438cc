"""The words of the fault lab's page: dialects, stages, columns. Every page loads this: it imports no lab."""

import re

from django import template
from django.utils.translation import gettext

from monitor.words.labels import OUTCOME_LABELS

register = template.Library()

_DIALECTS = {"anthropic": "Anthropic", "gemini": "Gemini", "openai": "OpenAI"}


@register.filter
def lab_name(dialect: str) -> str:
    """A dialect as its vendor is called."""
    return _DIALECTS.get(dialect, dialect)


@register.filter
def lab_stage(stage: str) -> str:
    """Where a fault strikes (``relay.simulator.faults.faults.Stage``), in the reader's language."""
    words = {
        "refusal": gettext("Instead of an answer"),
        "reply": gettext("In what the model says"),
        "stream": gettext("In the bytes of the stream"),
    }
    return words.get(stage, stage)


@register.filter
def lab_fault(choice: str) -> str:
    """What was chosen: a fault as it is written, or a stage in words."""
    return lab_stage(choice.removeprefix("stage:"))


@register.filter
def lab_told(text: str) -> str:
    """What the contract or a client says of an end (``whole (2) healed``), in the reader's language."""
    words = {
        "whole": gettext("whole"),
        "own end": gettext("own end"),
        "error event": gettext("error event"),
        "status": gettext("HTTP error"),
        **{outcome.value: str(label) for outcome, label in OUTCOME_LABELS.items()},
    }
    told = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in words))
    return told.sub(lambda found: words[found[0]], text)


@register.filter
def lab_column(number: int) -> str:
    """What the client wants and how often the fault strikes, for a column counted from 0."""
    words = (
        gettext("stream, once"),
        gettext("stream, always"),
        gettext("collected, once"),
        gettext("collected, always"),
    )
    return words[number]
