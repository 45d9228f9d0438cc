"""What an account's state says, in the language of its reader."""

import re
from datetime import timedelta
from typing import get_args

import pytest
from django.utils import timezone, translation

from accounts.admin.account.quotas import gauges
from accounts.admin.account.state import ADVICE, CAUSES, State, glance
from accounts.marks import MarkCause
from accounts.models import Account, AccountMark

pytestmark = pytest.mark.django_db
LATIN = re.compile("[A-Za-z]{2,}")


@pytest.mark.parametrize("cause", get_args(MarkCause))
def test_why_it_is_not_asked_is_said_in_the_reader_s_language(cause: MarkCause) -> None:
    """What a cooldown is for, with its status; only upstream's own words stay as upstream said them."""
    account = Account.objects.create(email="a@x.example", kind="gemini")
    now = timezone.now()
    until = now + timedelta(hours=1)
    AccountMark.objects.create(
        account=account, status=429, cause=cause, until=until, set_at=now, reason="no credit"
    )
    assert glance(account).detail == f"{CAUSES[cause]} (429): no credit"
    with translation.override("ja"):
        assert LATIN.findall(glance(account).detail.removesuffix("no credit")) == []


def test_each_state_says_what_to_do() -> None:
    """But for those of an account that is simply asked; in the reader's language too."""
    assert set(get_args(State)) - set(ADVICE) == {"works", "usable"}
    with translation.override("ja"):
        assert not any(str(advice).isascii() for advice in ADVICE.values())


def test_a_sentence_of_ours_behind_it_is_translated_too() -> None:
    """What the server itself said of a failure is no upstream's word."""
    account = Account.objects.create(email="a@x.example", kind="gemini")
    now = timezone.now()
    AccountMark.objects.create(
        account=account,
        status=502,
        cause="forbidden",
        until=now + timedelta(hours=1),
        set_at=now,
        reason="no connection to upstream",
    )
    with translation.override("ja"):
        assert LATIN.findall(glance(account).detail) == []


def test_the_windows_of_a_quota_have_words() -> None:
    """Requests and tokens, a minute or a day; ``5h`` says itself what it is."""
    for name in ("requests", "tokens", "input-tokens", "output-tokens", "requests a minute", "tokens a day"):
        window = {"name": name, "used": 0.5, "resets_at": 2_000_000_000.0, "seen_at": 1_900_000_000.0}
        account = Account(email="a@x.example", kind="anthropic", quota_windows=[window])
        with translation.override("ja"):
            shown = re.sub("<[^>]*>", "", gauges(account, 1_900_000_010.0)).replace("UTC", "")
            assert LATIN.findall(shown) == [], name
