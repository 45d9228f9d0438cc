"""The admin's start page: is it working, which accounts are in trouble, what failed lately, what is missing.

It joins what the rooms know; unfold calls ``dashboard`` for the index (settings, ``DASHBOARD_CALLBACK``).
"""

import shutil
import time
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.admin.account.state import Glance, glance
from accounts.admin.facts import retirements
from accounts.facts.retirement import due
from accounts.models import Account
from monitor.history.cache_miss_sums import Collapse, collapses
from monitor.history.failure_groups import failure_groups
from monitor.history.last_hour import last_hour
from monitor.pages.statistics_views import plot_words
from monitor.statistics.due import count_first_hour
from monitor.statistics.series import outcomes_by_bucket, plotted
from monitor.statistics.totals import by_bucket
from monitor.statistics.used_models import models_used_lately
from monitor.store.writer_stats import WriterStats
from monitor.words.labels import CACHE_MISS_LABELS
from monitor.words.plain_text import shown
from proxyproject.pages.runaways import Runaway, runaways
from proxyproject.wiring import writer
from relay.exchange.runtime import runtime
from relay.limits.counts import Counts
from relay.limits.limit_sentences import of_conversation

FAILURES_SHOWN = 5
ACCOUNTS_SHOWN = 10
ERROR_SHOWN_SECONDS = 600.0
"""How long after the store's latest failure the page still speaks of it."""
BUSY_SECONDS = 3.0
"""A batch takes milliseconds; one that takes longer waits for a lock."""
FREE_BYTES = 1_000_000_000
"""Below this much free space on the data directory's disk the page warns."""


class Trouble(msgspec.Struct, frozen=True):
    """What the operator should know: ``tone`` is ``warning`` or ``danger``."""

    tone: str
    text: str


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the start page, with what this person may see."""
    now = time.time()
    user = request.user
    if user.has_perm("monitor.view_requestlog"):
        context |= {"hour": last_hour(now), "failures": failure_groups(FAILURES_SHOWN)}
        context |= {"plotted": last_day(timezone.now())}
    if user.has_perm("accounts.view_account"):
        context |= accounts_in_trouble()
    if user.has_perm("accounts.change_account"):
        context |= {
            "warnings": [
                *store_warnings(writer.stats(), now),
                *retirement_warnings(retirements.mapped_models() | models_used_lately(), retirements.today()),
                *limit_warnings(key_counts()),
                *cache_warnings(collapses(now)),
                *runaway_warnings(runaways(now)),
                *disk_warnings(shutil.disk_usage(settings.DATA_DIR).free),
            ],
        }
    return {**context, "title": _("Overview")}


def last_day(now: datetime) -> dict[str, Any] | None:
    """The outcomes of the last 24 hours, hour by hour, as the plot takes them; None where there are none."""
    count_first_hour(now.timestamp())
    outcomes = outcomes_by_bucket(1, now)
    if not outcomes:
        return None
    return plotted(1, by_bucket(1, now), outcomes) | {"words": plot_words()}


def accounts_in_trouble() -> dict[str, Any]:
    """The accounts that are not simply usable, worst first, and how many there are in all."""
    accounts = list(Account.objects.prefetch_related("marks"))
    seen: list[tuple[Account, Glance]] = [(account, glance(account)) for account in accounts]
    order = {"danger": 0, "warning": 1, "info": 2}
    troubled = sorted((pair for pair in seen if pair[1].tone in order), key=lambda pair: order[pair[1].tone])
    return {
        "troubled": troubled[:ACCOUNTS_SHOWN],
        "more_troubled": max(0, len(troubled) - ACCOUNTS_SHOWN),
        "account_count": len(accounts),
        "untested_count": sum(seen.state == "untested" for _, seen in seen),
    }


def store_warnings(stats: WriterStats, now: float) -> list[Trouble]:
    """What of the history is lost or late in this process."""
    told = []
    if stats.is_failing:
        text = _("The log store takes nothing (%(error)s). Rows that wait and are tried again: %(rows)d.")
        told.append(Trouble("danger", text % {"error": stats.last_error, "rows": stats.queued_rows}))
    elif stats.busy_since is not None and now - stats.busy_since > BUSY_SECONDS:
        text = _("The log store has not answered for %(seconds)d s. Rows that wait: %(rows)d.")
        seconds = now - stats.busy_since
        told.append(Trouble("danger", text % {"seconds": seconds, "rows": stats.queued_rows}))
    elif stats.last_error_at is not None and now - stats.last_error_at < ERROR_SHOWN_SECONDS:
        told.append(Trouble("danger", _("The log store failed lately: %s") % stats.last_error))
    if stats.queued_rows > 1_000:
        text = _("The log store is slow: %d rows wait to be written.") % stats.queued_rows
        told.append(Trouble("warning", text))
    if stats.rows_dropped or stats.bodies_dropped:
        text = _("Left out of the history since the start: rows: %(rows)d, bodies: %(bodies)d.")
        told.append(Trouble("warning", text % {"rows": stats.rows_dropped, "bodies": stats.bodies_dropped}))
    return told


def retirement_warnings(models: Iterable[str], day: date) -> list[Trouble]:
    """Which of the models in use are retired within thirty days of ``day``, or were before."""
    return [
        Trouble("danger" if one.on < day else "warning", retirements.sentence(one, day))
        for one in due(models, day)
    ]


def key_counts() -> Counts | None:
    """What this process counts of client keys; None where it serves nobody."""
    try:
        counter = runtime().limits
    except RuntimeError:
        return None
    return counter.counts if counter is not None else None


def limit_warnings(counts: Counts | None) -> list[Trouble]:
    """Whether it is not known what client keys have used, and what that means for them."""
    if counts is None or not counts.away:
        return []
    text = _("Redis does not answer: what client keys have used is not counted over all processes.")
    if counts.away == "ledger":
        text = _("The ledger cannot be read: what client keys had used before is not known.")
    what = _("Keys with limits are refused meanwhile (RELAY_UNKNOWN_LIMITS=closed).")
    if counts.is_open:
        what = _("Keys with limits are let through on what this process knows (RELAY_UNKNOWN_LIMITS=open).")
    return [Trouble("danger", f"{text} {what}")]


def cache_warnings(found: Iterable[Collapse]) -> list[Trouble]:
    """Whose prompt cache gives less than it loses, and mostly why."""
    told = []
    for one in found:
        text = _("The prompt cache of the model %(name)s has collapsed:")
        if one.what == "conversation":
            text = _("The prompt cache of the conversation %(name)s has collapsed:")
        what = _(
            "in the last hour %(count)d requests sent %(lost)s tokens as new that were cached, and"
            " %(read)s came from the cache (%(cause)s)."
        )
        figures = {"count": one.count, "lost": f"{one.lost_tokens:,}", "read": f"{one.read_tokens:,}"}
        name = shown(one.name[:12] if one.what == "conversation" else one.name)
        cause = CACHE_MISS_LABELS.get(one.cause, one.cause)
        told.append(Trouble("warning", f"{text % {'name': name}} {what % {**figures, 'cause': cause}}"))
    return told


def runaway_warnings(found: Iterable[Runaway]) -> list[Trouble]:
    """Which conversations are warned, or refused, for what they had within an hour."""
    words = {
        ("key", False): _(
            "The conversation %(name)s has had %(percent)d %% of the %(what)s that the client key %(who)s"
            " allows one within an hour."
        ),
        ("mapping", False): _(
            "The conversation %(name)s has had %(percent)d %% of the %(what)s that the mapping %(who)s"
            " allows one within an hour."
        ),
        ("key", True): _(
            "The conversation %(name)s is refused: it has had the %(what)s that the client key %(who)s"
            " allows one within an hour."
        ),
        ("mapping", True): _(
            "The conversation %(name)s is refused: it has had the %(what)s that the mapping %(who)s"
            " allows one within an hour."
        ),
    }
    told = []
    for one in found:
        share = one.share
        what = {
            "name": shown(one.conversation[:12]),
            "percent": share.percent,
            "what": of_conversation(share.measure, share.most),
            "who": shown(one.name),
        }
        text = words[one.limited_by, share.is_spent] % what
        told.append(Trouble("danger" if share.is_spent else "warning", text))
    return told


def disk_warnings(free_bytes: int) -> list[Trouble]:
    """Whether the disk of the data directory is nearly full."""
    if free_bytes >= FREE_BYTES:
        return []
    text = _("The disk of the data directory is nearly full: %s free.") % filesizeformat(free_bytes)
    return [Trouble("danger", text)]
