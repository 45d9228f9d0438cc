"""Views of the history under a name: each person's own."""

from django.test import Client

from monitor.history.listing.saved_views import MOST_VIEWS, SavedView
from tests.monitor.shelf import operator, operator_named

__all__ = ["operator"]

KEEP = "/monitor/history/views/"


def test_a_view_is_kept_looked_at_and_forgotten(operator: Client) -> None:
    """Under its name, with the filters and the order that mean something."""
    answer = operator.post(KEEP, {"name": " Slow  ones ", "query": "slow=1&sort=-duration&foo=1&before=ff"})
    assert answer["Location"] == "/monitor/history/?slow=1&sort=-duration"
    page = operator.get(answer["Location"]).content.decode()
    assert '<a href="?slow=1&amp;sort=-duration" class="own on" aria-current="page">Slow ones</a>' in page
    operator.post(KEEP, {"name": "Slow ones", "query": "slow=1"})
    assert [view.query for view in SavedView.objects.all()] == ["slow=1"]
    operator.post(f"{KEEP}{SavedView.objects.get().pk}/forget/")
    assert not SavedView.objects.exists()


def test_nobody_sees_or_forgets_the_view_of_another(operator: Client) -> None:
    """It is one person's."""
    operator.post(KEEP, {"name": "Mine", "query": "failed=1"})
    other = operator_named("other", "view_requestlog")
    assert "Mine" not in other.get("/monitor/history/").content.decode()
    other.post(f"{KEEP}{SavedView.objects.get().pk}/forget/")
    assert SavedView.objects.count() == 1
    assert operator_named("clerk").post(KEEP, {"name": "x", "query": ""}).status_code == 403


def test_a_view_has_a_name_and_there_are_not_too_many(operator: Client) -> None:
    """A form that cannot be kept says why."""
    for number in range(MOST_VIEWS + 1):
        operator.post(KEEP, {"name": f"View {number}", "query": ""})
    assert SavedView.objects.count() == MOST_VIEWS
    page = operator.post(KEEP, {"name": " ", "query": ""}, follow=True).content.decode()
    assert "Give the view a name." in page
    assert "remove one first" in page
