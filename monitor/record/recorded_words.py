"""Words that conversations and attempts are recorded with, to be said in the reader's language. PURE."""

from monitor.record.failures.decision_words import Strategy
from monitor.record.phrasing import gettext_noop as _

RECORDED = (
    _("system"), _("user"), _("assistant"), _("tool"), _("error"),
    _("thinking"), _("redacted thinking"), _("tools"), _("tool call"), _("tool result"), _("tool error"),
    _("refusal"), _("image"),
    *Strategy,
    _("strip"), _("drop_block"), _("parameter"),
)  # fmt: skip


def known_word(text: str) -> str:
    """The longest recorded word that ``text`` is, or begins with as ``tool call get_weather``; else blank."""
    found = (word for word in RECORDED if text == word or text.startswith(f"{word} "))
    return max(found, key=len, default="")
