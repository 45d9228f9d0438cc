"""What the columns' values are called, for people."""

from django.utils.translation import gettext_lazy as _

from monitor.record.records import BodyKind, EndedBy, Outcome, Phase

OUTCOME_LABELS = {
    Outcome.UNAUTHORIZED: _("unauthorized"),
    Outcome.KEY_EXPIRED: _("key expired"),
    Outcome.NOT_ALLOWED: _("not allowed"),
    Outcome.RATE_LIMITED: _("rate limited"),
    Outcome.OVER_BUDGET: _("over budget"),
    Outcome.CLIENT_CLOSED: _("client closed"),
    Outcome.INTERRUPTED: _("interrupted"),
    Outcome.ZERO_TOKENS: _("zero tokens"),
    Outcome.ERROR: _("error"),
    Outcome.REFUSED: _("refused"),
    Outcome.THINKING_ONLY: _("thinking only"),
    Outcome.CONTINUED: _("continued"),
    Outcome.HEALED: _("healed"),
    Outcome.RETRIED: _("retried"),
    Outcome.OK: _("ok"),
}
ENDED_BY_LABELS = {
    EndedBy.CLIENT: _("client"),
    EndedBy.UPSTREAM: _("upstream"),
    EndedBy.PROXY: _("proxy"),
}
ENDED_IN_LABELS = {
    Phase.ADMISSION: _("admission"),
    Phase.CONNECT: _("connect"),
    Phase.HEADERS: _("headers"),
    Phase.PEEK: _("peek"),
    Phase.TEXT: _("text"),
    Phase.THINKING: _("thinking"),
    Phase.TOOL_CALL: _("tool call"),
    Phase.AFTER_STOP: _("after stop"),
}
SPAN_LABELS = {
    "connect": _("connect"),
    "headers": _("until headers"),
    "peek": _("until first data"),
    "stream": _("stream"),
    "wait": _("wait"),
}
"""The parts of an attempt on the time axis."""
DIALECT_LABELS = {"anthropic": "Anthropic", "gemini": "Gemini", "openai": "OpenAI"}
ROLE_LABELS = {"main": _("main agent"), "sub": _("sub-agent")}
CACHE_MISS_LABELS = {
    "account": _("another account"),
    "model": _("the model changed"),
    "tools": _("the tools changed"),
    "system": _("the system prompt changed"),
    "turn": _("an earlier turn changed"),
    "fork": _("the conversation went back"),
    "history": _("the history was replaced"),
    "settings": _("settings changed"),
    "server": _("this server changed it"),
    "unmarked": _("no caching asked for"),
    "expired": _("too much time had passed"),
    "lookback": _("marks too far apart"),
    "upstream": _("upstream's side"),
}
BODY_LABELS = {
    BodyKind.CLIENT_REQUEST: _("client's request"),
    BodyKind.UPSTREAM_REQUEST: _("upstream request"),
    BodyKind.RESPONSE: _("response"),
    BodyKind.CHANGED: _("what was changed"),
}
FACT_LABELS = {
    "estimated_tokens_in": _("estimated tokens in"),
    "estimated_tokens_out": _("estimated tokens out"),
    "cache_write_1h": _("written to the cache for an hour"),
    "web_searches": _("web searches"),
    "file_searches": _("file searches"),
    "service_tier": _("service tier"),
    "inference_geo": _("region of inference"),
}
"""Further facts of an exchange by the name they are recorded under; others are shown by that name."""
