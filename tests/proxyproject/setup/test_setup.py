"""The first login: one link, for an hour, on this machine; and the steps up to the first real answer."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from accounts.models import Account, ClientKey
from monitor.record.records import Outcome, RequestRecord
from monitor.store.upsert import upsert
from proxyproject.setup import views
from proxyproject.setup.link import VALID_SECONDS, SetupLink
from proxyproject.setup.steps import Step, setup
from proxyproject.setup.whereabouts import gateway_in, is_here
from tests.monitor.conftest import request_record as request_record
from tests.monitor.pages.test_start_page import a_key, an_account, ended
from tests.running_server import RunningServer

Make = Callable[..., RequestRecord]
FORM = {"username": "ada", "password1": "Long-enough-7", "password2": "Long-enough-7"}


def test_a_link_is_valid_once_and_for_an_hour(tmp_path: Path) -> None:
    """Another one replaces it; only its digest lies in the file, for the owner's eyes."""
    link = SetupLink(tmp_path)
    assert not link.is_valid("", 0)
    old = link.make(1000)
    token = link.make(1000)
    kept = tmp_path / "setup_link.json"
    assert token not in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0
    assert not link.is_valid(old, 1000)
    assert link.is_valid(token, 1000 + VALID_SECONDS - 1)
    assert not link.is_valid(token, 1000 + VALID_SECONDS)
    assert not link.use(token, 1000 + VALID_SECONDS)
    assert link.use(token, 1001)
    assert not link.use(token, 1001)


@pytest.mark.parametrize(
    ("peer", "served_at", "gateway", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", "", True),
        ("::1", "::1", "", True),
        ("::ffff:127.0.0.1", "127.0.0.1", "", True),
        ("10.0.0.7", "10.0.0.7", "", True),
        ("10.0.0.8", "10.0.0.7", "", False),
        ("172.17.0.1", "172.17.0.2", "172.17.0.1", True),
        ("172.17.0.3", "172.17.0.2", "172.17.0.1", False),
        ("203.0.113.9", "10.0.0.7", "", False),
        ("", "", "", False),
    ],
)
def test_who_is_here(peer: str, served_at: str, gateway: str, expected: bool) -> None:
    """Loopback, the machine's own address, and in a container the machine around it."""
    assert is_here(peer, served_at, gateway) is expected


def test_the_gateway_is_read_from_the_routes() -> None:
    """As proc(5) has it: the default route's gateway, in the machine's byte order."""
    head = "Iface\tDestination\tGateway \tFlags\n"
    assert (
        gateway_in(head + "eth0\t00000000\t010011AC\t0003\neth0\t000011AC\t00000000\t0001\n") == "172.17.0.1"
    )
    assert gateway_in(head) == ""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(views, "setup_link", SetupLink(tmp_path))
    return f"/setup/{views.setup_link.make(views.time.time())}/"


@pytest.mark.django_db
def test_the_link_makes_the_first_login(client: Client, path: str) -> None:
    """A wrong form does not use it up; then there is a superuser, who is logged in, and the link is dead."""
    assert "Make the login" in client.get(path).content.decode()
    assert client.post(path, FORM | {"password2": "other"}).status_code == 200
    assert not User.objects.exists()
    answer = client.post(path, FORM)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    user = User.objects.get()
    assert (user.username, user.is_superuser, user.is_staff) == ("ada", True, True)
    assert "Next step" in client.get("/admin/").content.decode()
    again = client.get(path)
    assert again.status_code == 403
    assert "There is a login already." in again.content.decode()


@pytest.mark.django_db
def test_the_link_works_here_alone(client: Client, path: str) -> None:
    """Not from another machine, not with another word, not when somebody has a login."""
    assert client.get(path, REMOTE_ADDR="203.0.113.9").status_code == 403
    assert client.post(path, FORM, REMOTE_ADDR="203.0.113.9").status_code == 403
    assert client.get("/setup/another/").status_code == 403
    assert not User.objects.exists()
    User.objects.create_user("other")
    assert client.post(path, FORM).status_code == 403
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_form_that_comes_too_late_makes_nobody(
    client: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two who send it at once one is first."""
    monkeypatch.setattr(views.setup_link, "use", lambda *_: False)
    assert client.post(path, FORM).status_code == 403
    assert not User.objects.exists()


@pytest.mark.django_db
def test_the_steps_lead_to_the_first_answer(request_record: Make) -> None:
    """Each is done when it is; an error, or an answer of the simulator, is no first answer."""
    done = []
    told: list[Step | None] = []

    def note() -> None:
        found = setup()
        done.append((sum(step.is_done for step in found.steps), found.next.label if found.next else None))

    note()
    account = an_account()
    note()
    told.append(setup().next)
    for result in ("failed", "refused"):
        Account.objects.filter(pk=account.pk).update(test_result=result)
        told.append(setup().next)
    Account.objects.filter(pk=account.pk).update(test_result="works")
    note()
    a_key()
    note()
    upsert([ended(request_record(), Outcome.ERROR), ended(request_record(), Outcome.OK, is_simulated=True)])
    note()
    upsert([ended(request_record(), Outcome.HEALED)])
    note()
    account.disable()
    note()
    assert done == [
        (1, "Add an account"),
        (2, "See the account"),
        (3, "Add a client key"),
        (4, "Connect a client"),
        (4, "Connect a client"),
        (5, None),
        (3, "See the accounts"),
    ]
    untested, failed, refused = (step.text if step else "" for step in told)
    assert "Nobody has tested" in untested
    assert "its last test said" in failed
    assert "paste another one" in refused


@pytest.mark.django_db
def test_the_steps_stand_on_the_pages_that_they_lead_to(admin_client: Client, client: Client) -> None:
    """On the overview, the accounts, the keys and the connect page; not for who may change nothing."""
    account, key = an_account(), a_key()
    assert isinstance(key, ClientKey)
    for path in (
        "/admin/",
        "/admin/accounts/account/",
        f"/admin/accounts/account/{account.pk}/change/",
        "/admin/accounts/clientkey/",
        f"/admin/accounts/clientkey/{key.pk}/connect/",
    ):
        assert 'class="ek-steps"' in admin_client.get(path, follow=True).content.decode(), path
    staff = Client()
    staff.force_login(User.objects.create_user("staff", is_staff=True))
    assert "ek-steps" not in staff.get("/admin/").content.decode()


def test_serve_prints_the_link_while_nobody_can_log_in(running_server: Callable[..., RunningServer]) -> None:
    """With the admin's address; once there is a login, no more."""
    server = running_server()
    found = server.wait_for_output(r"once and within an hour: (http://\S+/setup/\S+/)")
    assert f"Admin: {server.base_url}/admin/" in server.output
    assert found[1].startswith(server.base_url)
    server.manage(
        "shell", "-v0", "-c", "from django.contrib.auth.models import User;User.objects.create_superuser('x')"
    )
    server.stop()
    server.start()
    server.stop()
    assert "/setup/" not in server.output
