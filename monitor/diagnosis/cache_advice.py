"""The words for a prompt cache that was not read: what was different, and what to do. PURE.

``%(detail)s`` is what exactly, where it is known.
"""

from monitor.record.cache_misses import DETAIL, TOLD
from monitor.record.phrasing import Phrase
from monitor.record.phrasing import gettext_noop as _
from monitor.record.records import RequestRecord

WORDS: dict[str, tuple[str, str]] = {
    # cause: (what was different, what to do)
    "account": (
        _("Another account was asked, whose cache does not hold the conversation (%(detail)s)."),
        _("Nothing, if it happens seldom; else add accounts or raise their limits in flight."),
    ),
    "model": (
        _("The model changed (%(detail)s); each model has a cache of its own."),
        _("Keep one model within a conversation. If the client did not change it, look at the mapping."),
    ),
    "tools": (
        _("The tools changed (%(detail)s), and everything behind them was read anew."),
        _("Let the client offer the same tools in the same order on every turn."),
    ),
    "system": (
        _("The system prompt changed, and everything behind it was read anew."),
        _("Keep what changes (date, time, state) out of the system prompt: say it in the newest turn."),
    ),
    "turn": (
        _("An earlier turn changed (from turn %(detail)s on), and what stands behind it was read anew."),
        _("Let the client leave the history as it was, and add to its end only."),
    ),
    "fork": (
        _("The conversation went back and took another way (from turn %(detail)s on)."),
        _("Nothing to do: what stands before is read from the cache, the new branch is new."),
    ),
    "history": (
        _("The history was replaced by a shorter one (%(detail)s turns): compacted, or begun anew."),
        _("Nothing to do if that was meant: the next turns are read from the cache again."),
    ),
    "settings": (
        _("Settings that belong to what is cached changed (%(detail)s)."),
        _("Keep them the same within a conversation."),
    ),
    "server": (
        _("This server changed what is sent (%(detail)s)."),
        _("Nothing to do after a heal: it is done again alike on every turn. Else look at what was changed."),
    ),
    "unmarked": (
        _("The client no longer asks for caching (no cache_control)."),
        _("Let the client mark its prompts as it did before."),
    ),
    "expired": (
        _("Too much time had passed since the turn before (%(detail)s)."),
        _("Ask sooner, or let the client ask for a cache that lasts an hour where the vendor offers it."),
    ),
    "lookback": (
        _("The marks for caching stand too far apart (%(detail)s blocks; 20 are looked back)."),
        _("Let the client mark more often in steps of many tool calls."),
    ),
    "upstream": (
        _("Nothing was different, and yet it was not read: that is upstream's side."),
        _("Nothing to do here. If it repeats, ask the vendor with the request id."),
    ),
}


_TOLD_WORDS = {
    "turn": _("An earlier turn changed, and what stands behind it was read anew."),
    "history": _("The history was replaced by a shorter one: compacted, or begun anew."),
}


def about_the_cache(row: RequestRecord) -> tuple[Phrase, ...]:
    """What to say of a prompt cache that could have been read, and was not: loss, cause, what to do."""
    if row.cache_miss not in WORDS:
        return ()
    what, step = WORDS[row.cache_miss]
    lost = _("%(tokens)d tokens could have come from upstream's prompt cache, and did not.")
    if row.cache_miss_cost:
        lost = _(
            "%(tokens)d tokens (US$ %(cost)s) could have come from upstream's prompt cache, and did not."
        )
    cost = f"{row.cache_miss_cost:.4f}" if row.cache_miss_cost else ""
    detail = str(row.diagnostics.get(DETAIL) or "–")
    is_told = bool(row.diagnostics.get(TOLD))
    what = _TOLD_WORDS.get(row.cache_miss, what) if is_told else what
    return (
        Phrase(lost, {"tokens": row.cache_miss_tokens or 0, "cost": cost}),
        Phrase(what, {"detail": detail}),
        *((Phrase(_("Upstream says so itself.")),) if is_told else ()),
        Phrase(step),
    )
