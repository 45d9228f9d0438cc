"""What a row tells of another model that was asked in place of its mapping's own, and why. PURE."""

from monitor.record.phrasing import Phrase
from monitor.record.phrasing import gettext_noop as _
from monitor.record.records import RequestRecord

WHY: dict[str, str] = {
    "accounts": _("No account for the model before it could be asked: it fell back to %(model)s."),
    "quota": _("The quota for the model before it was spent: it fell back to %(model)s."),
    "overload": _("The model before it was overloaded: it fell back to %(model)s."),
    "context": _("The request did not fit the model before it: it fell back to %(model)s."),
}
"""By the reasons for which a mapping falls back (``relay.engine.retrying.fallbacks``)."""


def fell_back(row: RequestRecord) -> tuple[Phrase, ...]:
    """To which model, and why; nothing where the first one was asked."""
    why = WHY.get(str(row.diagnostics.get("fell_back_on")))
    return (Phrase(why, {"model": row.mapped_model or "–"}),) if why else ()
