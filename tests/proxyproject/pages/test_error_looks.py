"""The pages that say what went wrong: each in the product's look, in both languages, with a way back."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import translation
from django.views.csrf import csrf_failure
from django.views.defaults import bad_request, page_not_found, permission_denied, server_error

SAID = {
    400: ("The request could not be read", "リクエストを読み取れませんでした"),
    403: ("Your login may not do this", "このログインには許可がありません"),
    404: ("There is no such page", "そのページはありません"),
    500: ("This page failed", "このページは表示できませんでした"),
    "csrf": ("The form was not accepted", "フォームを受け付けませんでした"),
}
SECRET = "sk-ant-a-secret"


def told(which: int | str) -> HttpResponse:
    """What Django's own views answer with our templates, for an error that says a secret."""
    request: HttpRequest = RequestFactory().get("/monitor/nowhere/")
    request.user = AnonymousUser()
    match which:
        case 400:
            return bad_request(request, BadRequest(SECRET))
        case 403:
            return permission_denied(request, PermissionDenied(SECRET))
        case 404:
            return page_not_found(request, Http404(SECRET))
        case 500:
            return server_error(request)
        case _:
            return csrf_failure(request, reason=SECRET)


@pytest.mark.parametrize("which", SAID)
@pytest.mark.parametrize(("language", "at"), [("en", 0), ("ja", 1)])
def test_each_has_the_look_its_words_and_a_way_back(which: int | str, language: str, at: int) -> None:
    """The sheet, the chosen light or dark, the reader's language, and nothing of the error's own."""
    with translation.override(language):
        page = told(which).content.decode()
    assert f'<html lang="{language}">' in page
    assert "evenkeel/error_page.css" in page
    assert "evenkeel/chosen_theme.js" in page
    assert SAID[which][at] in page
    assert 'href="/admin/"' in page
    assert SECRET not in page


@pytest.mark.django_db
def test_an_address_that_leads_nowhere_is_told_in_the_look(admin_client: Client) -> None:
    """Below the admin and below the monitor."""
    for address in ("/admin/nowhere/", "/monitor/history/nothing-of-the-kind/"):
        answer = admin_client.get(address)
        assert answer.status_code == 404
        assert "evenkeel/error_page.css" in answer.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_is_told_in_the_look() -> None:
    """Django's own page, in yellow and English, is not shown."""
    get_user_model().objects.create_superuser("operator", password="a-long-one-indeed")
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "ja"})
    with translation.override("en"):  # the language that the answer's page leaves behind ends here
        answer = client.post("/admin/login/", {"username": "operator", "password": "a-long-one-indeed"})
    assert answer.status_code == 403
    assert SAID["csrf"][1] in answer.content.decode()


@pytest.mark.parametrize(
    ("value", "word", "sign"),
    [(True, "on", "check_small"), (False, "off", "remove"), (None, "not set", "question_mark")],
)
def test_a_switch_that_is_off_is_no_fault(value: bool | None, word: str, sign: str) -> None:
    """The sign of every list: red is kept for what is wrong, and the word is there for who sees no shape."""
    sign_shown = render_to_string("unfold/helpers/boolean.html", {"value": value})
    assert f'aria-label="{word}"' in sign_shown
    assert sign in sign_shown
    assert "red" not in sign_shown
    assert "close" not in sign_shown
