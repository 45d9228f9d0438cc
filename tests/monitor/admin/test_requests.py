"""The admin's own list of requests: there is one history, and everything leads to it."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from monitor.admin.requests import history_query

LIST = "admin:monitor_requestlog_changelist"
DETAIL = "admin:monitor_requestlog_change"

pytestmark = pytest.mark.django_db


def logged_in(*permissions: str, is_staff: bool = True) -> Client:
    """A browser with somebody logged in who has these permissions of the monitor."""
    user = User.objects.create_user("somebody", is_staff=is_staff)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_the_old_filters_are_the_histories() -> None:
    """Each filter of the old list has its like, so that kept links show the same rows."""
    pairs = {
        "": {},
        "failed=1": {"show": "errors"},
        "running=1": {"show": "in_flight"},
        "healed=1": {"show": "healed"},
        "retried=1": {"show": "retried"},
        "zero=1": {"show": "zero"},
        "within=24": {"within": "24"},
        "outcome=error": {"outcome": "error"},
        "status_class=4": {"status_class": "4"},
        "stream=no": {"is_stream__exact": "0"},
        "q=hello&client_key=laptop": {"q": "hello", "client_key": "laptop", "p": "3"},
        "dialect=gemini": {"dialect": "gemini", "nonsense": "1"},
    }
    assert {query: history_query(asked) for query, asked in pairs.items()} == {
        query: query for query in pairs
    }


def test_list_and_form_lead_to_the_history() -> None:
    """Who may see requests is sent on, filters and all."""
    client = logged_in("view_requestlog")
    listed = client.get(reverse(LIST), {"show": "errors"})
    assert listed.headers["Location"] == reverse("monitor:history") + "?failed=1"
    form = client.get(reverse(DETAIL, args=["0" * 32]))
    assert form.headers["Location"] == reverse("monitor:detail", args=["0" * 32])


def test_only_staff_who_may_view_are_sent_on() -> None:
    """Who may not see requests learns nothing from the old addresses either."""
    client = logged_in("view_modelprice")
    assert client.get(reverse(LIST)).status_code == 403
    assert client.get(reverse(DETAIL, args=["0" * 32])).status_code == 403


def test_nothing_can_be_changed_there() -> None:
    """History is not written by hand."""
    client = logged_in("view_requestlog", "add_requestlog", "change_requestlog", "delete_requestlog")
    assert client.get(reverse("admin:monitor_requestlog_add")).status_code == 403
    assert client.post(reverse("admin:monitor_requestlog_delete", args=["0" * 32])).status_code == 403
