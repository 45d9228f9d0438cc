"""The page of all conversations, and that of one."""

import time
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from monitor.conversations.conversation_turns import LANE, TURNS_LISTED, WIDTH, TurnBar, latest_turns, on_axis
from monitor.conversations.filters import MISSED, asked_for
from monitor.conversations.limited import limit_lines
from monitor.conversations.reading import agents_of, line_of, page_of
from monitor.conversations.tree import tree_of
from monitor.history.cache_miss_sums import misses_of
from monitor.history.listing.filters import is_hash
from monitor.history.listing.keyset import is_cursor, moment_of_id
from monitor.pages.access import for_operators, may_export, reads_bodies
from monitor.pages.history_views import FILTER_LABELS, VALUE_LABELS
from monitor.words.labels import CACHE_MISS_LABELS

FLAG_LABELS = {
    "failed": _("with a failed turn"),
    "rescued": _("with a rescued turn"),
    "several": _("more than one turn"),
    "sub": _("with sub-agents"),
    MISSED: _("with a cache that was not read"),
}
FIELDS = ("client_name", "client_key", "mapped_model", "account")
_OWN_LABELS = {"q": _("words"), "client_name": _("client"), **FLAG_LABELS}
_PARTS = {
    "lines": "monitor/conversations_part.html",
    "conversation": "monitor/conversation_part.html",
}
"""What a page asks for anew while it is open (the header ``X-Part``)."""


@require_GET
@for_operators
def conversations_page(request: HttpRequest) -> HttpResponseBase:
    """Conversations by their last turn, newest first; with the header ``X-Part: lines`` just the lines."""
    asked = asked_for(request.GET)
    if not reads_bodies(request):
        asked = asked.without_texts()
    before = _cursor(request)
    page = page_of(asked, before)
    context: dict[str, Any] = {
        "page": page,
        "asked": asked,
        "reads_bodies": reads_bodies(request),
        "older_link": "?" + asked.query(before=page.older) if page.older else "",
        "searched_to": moment_of_id(page.searched_to) if page.searched_to else None,
        "words_to": moment_of_id(page.words_to) if page.words_to else None,
        "is_first_page": not before,
    }
    if request.headers.get("X-Part") == "lines":
        return TemplateResponse(request, _PARTS["lines"], context)
    context |= {
        **admin.site.each_context(request),
        "title": gettext("Conversations"),
        "fields": [
            {"name": name, "label": _label(name), "value": asked.values.get(name, "")} for name in FIELDS
        ],
        "times": list(VALUE_LABELS["within"].items()),
        "flags": [
            {"name": name, "label": FLAG_LABELS[name], "on": name in asked.values} for name in FLAG_LABELS
        ],
        "chips": [
            {
                "label": _label(name),
                "value": "" if name in FLAG_LABELS else VALUE_LABELS.get(name, {}).get(value, value),
                "link": "?" + asked.query(**{name: ""}),
            }
            for name, value in asked.values.items()
        ],
    }
    return TemplateResponse(request, "monitor/conversations.html", context)


@require_GET
@for_operators
def conversation_page(request: HttpRequest, conversation: str) -> HttpResponseBase:
    """One conversation: its agents as a tree, its turns on one time axis and in a table."""
    line = line_of(conversation) if is_hash(conversation) else None
    if line is None:
        raise Http404(gettext("This conversation is not on record (any more)."))
    before = _cursor(request)
    branches = tree_of(agents_of(conversation))
    turns, has_older = latest_turns(conversation, before)
    numbers = {branch.agent.id: at for at, branch in enumerate(branches, start=1)}
    lanes = list(numbers) or list(dict.fromkeys(turn.agent for turn in turns))
    listed = turns[-TURNS_LISTED:][::-1]
    older = listed[-1].id if listed and (has_older or len(turns) > TURNS_LISTED) else ""
    context: dict[str, Any] = {
        "line": line,
        "branches": branches,
        "numbers": numbers,
        "bars": _drawn(on_axis(turns, lanes, time.time())),
        "axis": {
            "width": WIDTH,
            "height": LANE * len(lanes),
        },
        "lanes": [{"number": numbers.get(lane, 0), "id": lane} for lane in lanes],
        "first": turns[0] if turns else None,
        "shown_turns": len(turns),
        "has_older": has_older,
        "turns": [{"turn": turn, "agent": numbers.get(turn.agent, "–")} for turn in listed],
        "older_link": f"?before={older}" if older else "",
        "is_first_page": not before,
        "misses": [(CACHE_MISS_LABELS.get(one.cause, one.cause), one) for one in misses_of(conversation)],
        "limits": limit_lines(conversation),
        "reads_bodies": reads_bodies(request),
        "may_export": may_export(request),
    }
    if request.headers.get("X-Part") == "conversation":
        return TemplateResponse(request, _PARTS["conversation"], context)
    context |= {**admin.site.each_context(request), "title": gettext("Conversation")}
    return TemplateResponse(request, "monitor/conversation.html", context)


@require_GET
@for_operators
def compare_turns(request: HttpRequest, conversation: str) -> HttpResponseBase:
    """Two chosen turns (``id`` twice) side by side; with another number of them, the conversation again."""
    chosen = [one for one in request.GET.getlist("id") if is_cursor(one)]
    if len(chosen) != 2:
        return redirect("monitor:conversation", conversation)
    return redirect(reverse("monitor:compare", args=sorted(chosen)))


def _drawn(bars: list[TurnBar]) -> SafeString:
    """The bars as SVG, each a link to its turn. Two thousand of them take a template a fifth of a second."""
    before, _, after = reverse("monitor:detail", args=["ID"]).partition("ID")
    return mark_safe(  # noqa: S308  ids are hexadecimal, all else is our own words and numbers
        "".join(
            f'<a href="{before}{bar.turn.id}{after}" tabindex="-1"><rect class="{bar.tone}" x="{bar.x}"'
            f' y="{bar.y}" width="{bar.width}" height="{LANE - 4}"/></a>'
            for bar in bars
        )
    )


def _cursor(request: HttpRequest) -> str:
    cursor = request.GET.get("before", "")
    return cursor if is_cursor(cursor) else ""


def _label(name: str) -> Any:
    return _OWN_LABELS.get(name) or FILTER_LABELS[name]
