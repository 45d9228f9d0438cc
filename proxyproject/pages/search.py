"""The sidebar's search: pages, requests by their ids, accounts, client keys, mappings, models."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import Account, ClientKey, ModelMapping
from monitor.history.queries import asked_upstream_as, distinct_values, with_id_beginning
from monitor.models import RequestLog
from monitor.words.account_label import account_label
from monitor.words.plain_text import shown
from proxyproject.pages.navigation import sections

EACH = 5
"""Of one sort so many are found at most."""
ID_CHARACTERS = 8
"""From so many on, hexadecimal digits may be the beginning of a request id."""
LONGEST = 512
"""Characters that are looked at: an upstream's id of an answer may be long."""

Found = Iterator[dict[str, str]]


@never_cache
@require_GET
@staff_member_required
def search(request: HttpRequest) -> HttpResponseBase:
    """What is called so, of what this person may see; nothing for nothing."""
    term = request.GET.get("s", "").strip().replace("\0", "")[:LONGEST]
    if not term:
        return HttpResponse()
    results = list(found_for(request, term))
    return TemplateResponse(request, "unfold/helpers/search_results.html", {"results": results})


def found_for(request: HttpRequest, term: str) -> Found:
    """The results in their order; the last one always looks in the history."""
    for permission, look in _LOOKS:
        if not permission or request.user.has_perm(permission):
            yield from look(request, term)
    if request.user.has_perm("monitor.view_requestlog"):
        link = f"{reverse('monitor:history')}?{urlencode({'q': term})}"
        yield _result(term, _("look in the history"), link)


def _pages(request: HttpRequest, term: str) -> Found:
    for section in sections(request):
        for item in section["items"]:
            if term.lower() in str(item["title"]).lower():
                yield _result(str(item["title"]), str(section["title"]), str(item["link"]))


def _requests(request: HttpRequest, term: str) -> Found:
    beginning = term.lower()
    if len(beginning) < ID_CHARACTERS:
        return
    found = {_("request, by upstream's id"): asked_upstream_as(term)}
    if set(beginning) <= set("0123456789abcdef"):
        found[_("request")] = with_id_beginning(beginning)
    for description, condition in found.items():
        ids = RequestLog.objects.filter(condition).order_by("-id").values_list("id", flat=True)
        for request_id in ids[:EACH]:
            yield _result(request_id, description, reverse("monitor:detail", args=(request_id,)))


def _accounts(request: HttpRequest, term: str) -> Found:
    for account in Account.objects.filter(email__icontains=term).order_by("email")[:EACH]:
        link = reverse("admin:accounts_account_change", args=(account.pk,))
        yield _result(account_label(account.email), account.get_kind_display(), link)


def _keys(request: HttpRequest, term: str) -> Found:
    for key in ClientKey.objects.filter(name__icontains=term).order_by("name")[:EACH]:
        link = reverse("admin:accounts_clientkey_change", args=(key.pk,))
        yield _result(key.name, _("client key"), link)


def _mappings(request: HttpRequest, term: str) -> Found:
    for mapping in ModelMapping.objects.filter(pattern__icontains=term).order_by("pattern")[:EACH]:
        link = reverse("admin:accounts_modelmapping_change", args=(mapping.pk,))
        yield _result(f"{mapping.pattern} → {mapping.target}", _("mapping"), link)


def _models(request: HttpRequest, term: str) -> Found:
    for column, label in (("client_model", _("client's model")), ("mapped_model", _("mapped model"))):
        fitting = [name for name in distinct_values(column) if name and term.lower() in name.lower()]
        for name in fitting[:EACH]:
            yield _result(name, label, f"{reverse('monitor:history')}?{urlencode({column: name})}")


def _result(title: str, description: str, link: str) -> dict[str, str]:
    return {"title": shown(title), "description": description, "link": link}


_LOOKS: tuple[tuple[str, Callable[[HttpRequest, str], Any]], ...] = (
    ("", _pages),
    ("monitor.view_requestlog", _requests),
    ("accounts.view_account", _accounts),
    ("accounts.view_clientkey", _keys),
    ("accounts.view_modelmapping", _mappings),
    ("monitor.view_requestlog", _models),
)
"""What is looked through, and the right that it needs."""


@never_cache
@require_GET
@staff_member_required
def keys_help(request: HttpRequest) -> HttpResponseBase:
    """The keys of all pages, as the piece that a page shows on ``?``."""
    return TemplateResponse(request, "keys_help.html", {"keys": _keys_of_pages()})


def _keys_of_pages() -> list[tuple[str, str]]:
    return [
        ("/", _("search or filter")),
        ("t", _("the sidebar's search")),
        ("j k", _("next and previous row")),
        ("Enter", _("open the row")),
        ("x", _("select the row (history)")),
        ("u", _("from a request back to the history")),
        ("p f", _("pause and follow (live)")),
        ("[ ]", _("neighbours in the conversation (request)")),
        ("g o", _("Overview")),
        ("g l", _("Live")),
        ("g h", _("History")),
        ("g c", _("Conversations")),
        ("g s", _("Statistics")),
        ("g a", _("Accounts")),
        ("g m", _("Mappings")),
        ("g k", _("Client keys")),
        ("g p", _("Prices")),
        ("?", _("these keys")),
    ]
