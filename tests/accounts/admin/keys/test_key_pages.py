"""The operator's pages of client keys: what a key may do, and a new value for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.admin.keys.key_forms import mark_of
from accounts.keys.key_loading import key_view
from accounts.keys.limits import UNITS_PER_DOLLAR, Limit
from accounts.keys.models import ReplacedMeanwhile
from accounts.models import ClientKey, digest

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    return client


def add(client: Client, **fields: Any) -> str:
    """Sends the form for a new key; the page that comes."""
    response = client.post(
        reverse("admin:accounts_clientkey_add"), {"name": "laptop", "enabled": "on"} | fields
    )
    return response.content.decode()


def test_a_plain_key_has_no_limits(client: Client) -> None:
    """What is left blank costs nothing: the key is without limits in memory."""
    add(client)
    assert key_view(ClientKey.objects.get()).limits is None


def test_a_new_key_asks_for_its_name_and_folds_its_limits(client: Client) -> None:
    """Nobody has to read twenty fields for a first key; a limit that is wrong or set is seen."""
    folded = "<details>"
    shown = client.get(reverse("admin:accounts_clientkey_add")).content.decode()
    assert shown.count(folded) == 4
    assert add(client, usd_per_day="-1").count(folded) == 3
    add(client)
    url = reverse("admin:accounts_clientkey_change", args=(ClientKey.objects.get().pk,))
    assert folded not in client.get(url).content.decode()


def test_a_key_ends_when_its_form_says_in_its_reader_s_zone(client: Client) -> None:
    """The form is in the zone that the browser told, names it, and is read in it whatever the cookie says."""
    client.cookies["evenkeel_zone"] = "Asia/Tokyo"
    shown = client.get(reverse("admin:accounts_clientkey_add")).content.decode()
    assert 'name="_zone" value="Asia/Tokyo"' in shown
    assert "<strong>Asia/Tokyo</strong>" in shown
    client.cookies["evenkeel_zone"] = "America/New_York"
    add(client, expires_at_0="2030-01-02", expires_at_1="12:00:00", _zone="Asia/Tokyo")
    key = ClientKey.objects.get()
    assert key.expires_at == datetime(2030, 1, 2, 3, tzinfo=UTC)
    url = reverse("admin:accounts_clientkey_change", args=(key.pk,))
    assert 'value="22:00:00"' in client.get(url).content.decode()
    client.cookies["evenkeel_zone"] = "../../etc/passwd"
    shown = client.get(url).content.decode()
    assert 'value="03:00:00"' in shown
    assert "<strong>UTC</strong>" in shown


def test_what_a_key_may_do(client: Client) -> None:
    """Each field of the form becomes a limit; lists are lines."""
    add(
        client, owner="Ann", note="for the build", expires_at_0="2030-01-02", expires_at_1="03:04:05",
        allowed_models="gemini-*\nclaude-*", refused_models="*-pro", kinds=["gemini", "vertex"],
        networks="10.0.0.0/8, 2001:db8::/32", highest_effort="low", requests_per_minute="3",
        tokens_per_minute="4000", max_in_flight="2", usd_per_month="12.50", tokens_in_total="9",
    )  # fmt: skip
    limits = key_view(ClientKey.objects.get()).limits
    assert limits is not None
    assert limits.expires_at == 1893553445.0
    assert limits.allowed is not None
    assert limits.allowed.find("gemini-3") == "gemini-*"
    assert limits.refused is not None
    assert limits.refused.find("gemini-3") is None
    assert (limits.kinds, limits.highest_effort, limits.max_in_flight) == ({"gemini", "vertex"}, "low", 2)
    assert limits.limits == (
        Limit("requests", "minute", 3),
        Limit("tokens", "minute", 4000),
        Limit("tokens", "total", 9),
        Limit("usd", "month", 125 * UNITS_PER_DOLLAR // 10),
    )
    assert [str(network) for network in limits.networks] == ["10.0.0.0/8", "2001:db8::/32"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"networks": "10.0.0.1/8"}, "Give addresses or networks"),
        ({"networks": "everywhere"}, "Give addresses or networks"),
        ({"allowed_models": "two words"}, "Give a list of model names"),
        ({"requests_per_minute": "0"}, "greater than or equal to 1"),
        ({"usd_per_day": "0"}, "greater than or equal to 0.0001"),
        ({"kinds": ["bard"]}, "not one of the available choices"),
        ({"highest_effort": "boundless"}, "not one of the available choices"),
        ({"expires_at_0": "9999-12-31", "expires_at_1": "23:59:59"}, "Give a year from 2 to 9998"),
        ({"expires_at_0": "0001-01-01", "expires_at_1": "00:00:00"}, "Give a year from 2 to 9998"),
    ],
)
def test_what_is_no_limit_is_refused(client: Client, fields: dict[str, Any], says: str) -> None:
    """In words, and nothing is saved."""
    client.cookies["evenkeel_zone"] = "America/New_York"
    assert says in add(client, **fields)
    assert not ClientKey.objects.exists()


def test_a_value_is_replaced(client: Client) -> None:
    """The page asks how long the old value stays; the new one is shown once, on no other page."""
    add(client)
    key = ClientKey.objects.get()
    page = reverse("admin:accounts_clientkey_rotate", args=(key.pk,))
    assert "stays valid" in client.get(page).content.decode()
    assert "Ensure this value is less" in client.post(page, {"overlap_hours": "99999"}).content.decode()
    sent = {"overlap_hours": "2", "replaces": mark_of(key)}
    assert f'name="replaces" value="{sent["replaces"]}"' in client.get(page).content.decode()
    answer = client.post(page, sent)
    shown = answer.content.decode()
    start = shown.index("sk-", shown.index("new-client-key"))
    value = shown[start : shown.index("<", start)]
    before, key = key, ClientKey.objects.get()
    assert "no-store" in answer.headers["Cache-Control"]
    assert (key.sha256, key.previous_sha256) == (digest(value), before.sha256)
    assert key.previous_until is not None
    assert timedelta(minutes=119) < key.previous_until - timezone.now() <= timedelta(hours=2)
    assert (
        value not in client.get(reverse("admin:accounts_clientkey_change", args=(key.pk,))).content.decode()
    )


def test_a_form_that_is_sent_twice_replaces_once(client: Client) -> None:
    """The second says that it was done already: the value that clients use stays valid."""
    add(client)
    before = ClientKey.objects.get()
    page = reverse("admin:accounts_clientkey_rotate", args=(before.pk,))
    sent = {"overlap_hours": "2", "replaces": mark_of(before)}
    assert "new-client-key" in client.post(page, sent).content.decode()
    after = ClientKey.objects.get()
    for again in (sent, {"overlap_hours": "2"}):
        answer = client.post(page, again, follow=True).content.decode()
        assert "replaced already" in answer
        assert "new-client-key" not in answer
    assert ClientKey.objects.get().sha256 == after.sha256
    assert ClientKey.objects.get().previous_sha256 == before.sha256
    assert "It ends at once when" in client.get(page).content.decode()


def test_two_at_once_replace_once() -> None:
    """Whoever read the key before the other had changed it changes nothing, and is told."""
    key = ClientKey(name="a")
    key.give_value()
    key.save()
    other = ClientKey.objects.get()
    value = key.rotate(timedelta(hours=1))
    with pytest.raises(ReplacedMeanwhile):
        other.rotate(timedelta(hours=1))
    assert ClientKey.objects.get().sha256 == digest(value)


def test_a_value_is_not_used_twice() -> None:
    """Neither a key's own present value nor another key's, now or before, can be its new one."""
    keys = []
    for name in "ab":
        key = ClientKey(name=name)
        key.give_value(f"sk-value-{name}")
        key.save()
        keys.append(key)
    keys[1].rotate(timedelta(hours=1), "sk-value-c")
    for value in ("sk-value-a", "sk-value-b", "sk-value-c"):
        with pytest.raises(Exception, match="is, or was, a key"):
            keys[0].rotate(timedelta(hours=1), value)
