"""Keep a view of the history under a name, and forget it again."""

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from monitor.history.listing.filters import parse
from monitor.history.listing.saved_views import MOST_VIEWS, SavedView, views_of
from monitor.history.listing.sorting import is_order
from monitor.pages.access import for_operators


@require_POST
@for_operators
def keep_view(request: HttpRequest) -> HttpResponseBase:
    """The view with the filters ``query`` under ``name``; a name that is there already gets the new ones."""
    name = " ".join(request.POST.get("name", "").split())[:60].replace("\0", "")
    query = view_query(request.POST.get("query", ""))
    own = views_of(request.user)
    if not name:
        messages.error(request, gettext("Give the view a name."))
    elif own.exclude(name=name).count() >= MOST_VIEWS:
        messages.error(request, gettext("There are %d views already: remove one first.") % MOST_VIEWS)
    else:
        SavedView.objects.update_or_create(user_id=request.user.pk or 0, name=name, defaults={"query": query})
    return redirect(f"{reverse('monitor:history')}?{query}")


@require_POST
@for_operators
def forget_view(request: HttpRequest, view_id: int) -> HttpResponseBase:
    """The person's own view is no more; somebody else's is not touched."""
    found = views_of(request.user).filter(pk=view_id).first()
    query = found.query if found else ""
    if found:
        found.delete()
    return redirect(f"{reverse('monitor:history')}?{query}")


def view_query(query: str) -> str:
    """A query with nothing in it but filters and an order that the history knows."""
    parameters = QueryDict(query)
    sort = parameters.get("sort", "")
    return parse(parameters).query(sort=sort if is_order(sort) else "")
