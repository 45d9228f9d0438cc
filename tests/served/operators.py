"""An operator of a world's server, and how their browser logs in."""

import re

import httpx

from tests.served.world import World

NAME, PASSWORD = "op", "a-long-password-for-tests"


def make_operator(world: World, name: str = NAME) -> None:
    """A superuser, unless there is one already."""
    made = (
        "from django.contrib.auth.models import User;"
        f"User.objects.filter(username='{name}').exists()"
        f" or User.objects.create_superuser('{name}', password='{PASSWORD}')"
    )
    world.server.manage("shell", "-v0", "-c", made)


def log_in(browser: httpx.Client) -> None:
    """Fill in the form, as the page has it."""
    login = "/admin/login/"
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get(login).text)
    assert found is not None
    form = {"csrfmiddlewaretoken": found[1], "username": NAME, "password": PASSWORD}
    headers = {"referer": str(browser.base_url.join(login))}  # over TLS it is looked at
    assert browser.post(login, data=form, headers=headers, follow_redirects=False).status_code == 302
