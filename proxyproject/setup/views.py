"""The page behind the set-up link: a name and a password make the first login, and one is logged in."""

# mypy: disable-error-code="import-untyped, misc"
# (unfold ships no types)

import time
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from unfold.forms import UserCreationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from proxyproject.setup.link import SetupLink, needs_login
from proxyproject.setup.whereabouts import container_gateway, is_here
from relay.admission.client_address import client_address


class FirstLoginForm(UserCreationForm):
    """Name and password, each in the theme's own field."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["username"].widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "username"})


setup_link = SetupLink(settings.DATA_DIR)


@never_cache
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for name and password; make the superuser, once."""
    refusal = _refusal(request, token)
    if refusal:
        return _page(request, refusal=refusal, status=403)
    form = FirstLoginForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, form=form, status=200)
    with transaction.atomic():
        if not setup_link.use(token, time.time()):  # somebody else was faster
            return _page(request, refusal=_invalid(), status=403)
        user = form.save(commit=False)
        user.is_staff = user.is_superuser = True
        user.save()
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("admin:index")


def _refusal(request: HttpRequest, token: str) -> str:
    """Why the link does not work; blank when it does."""
    peer = client_address(request.META, has_front=settings.ENVIRONMENT.proxy_https)
    if not is_here(peer, str(request.META.get("SERVER_NAME", "")), container_gateway()):
        return _("This link works only in a browser on the machine that serves.")
    if not needs_login():
        return _("There is a login already.")
    return "" if setup_link.is_valid(token, time.time()) else _invalid()


def _invalid() -> str:
    return _("This link was used, or is older than an hour. Start the server again for a new one.")


def _page(
    request: HttpRequest, *, form: FirstLoginForm | None = None, refusal: str = "", status: int
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _("Set up"),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "setup/login.html", context, status=status)
