"""A host with another Fernet key than the database's credentials were sealed with does not serve."""

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

from accounts.credentials.encryption import CannotDecrypt, decrypt, encrypt
from accounts.loaded.seal import check_seal
from accounts.models import Account, Seal

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def use_keys(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    changed = settings.ENVIRONMENT.model_copy(update={"proxy_fernet_keys": ",".join(keys)})
    monkeypatch.setattr(settings, "ENVIRONMENT", changed)


def test_the_canary_is_made_once_and_opened_ever_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first process makes it; those with the same key find it."""
    use_keys(monkeypatch, OLD)
    check_seal()
    made = Seal.objects.get().sealed
    check_seal()
    assert Seal.objects.get().sealed == made


def test_another_key_is_refused_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to do; canary and accounts stay."""
    use_keys(monkeypatch, OLD)
    account = Account.objects.create(email="a@x", kind="gemini", credential_sealed=encrypt({"api_key": "k"}))
    check_seal()
    made = Seal.objects.get().sealed
    use_keys(monkeypatch, NEW)
    with pytest.raises(CannotDecrypt, match="PROXY_FERNET_KEYS"):
        check_seal()
    account.refresh_from_db()
    assert (Seal.objects.get().sealed, account.enabled) == (made, True)


def test_a_canary_that_another_host_made_in_the_meantime_is_opened_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of two hosts with different keys that start at once, one serves."""
    use_keys(monkeypatch, OLD)
    theirs = Seal(pk=1, sealed=encrypt({"canary": "theirs"}))
    use_keys(monkeypatch, NEW)
    monkeypatch.setattr("accounts.loaded.seal._try_a_credential", theirs.save)
    with pytest.raises(CannotDecrypt, match="PROXY_FERNET_KEYS"):
        check_seal()


def test_a_key_can_be_rotated(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the new key in front the canary is sealed anew, so that the old one can go."""
    use_keys(monkeypatch, OLD)
    check_seal()
    use_keys(monkeypatch, NEW, OLD)
    check_seal()
    use_keys(monkeypatch, NEW)
    check_seal()
    assert decrypt(Seal.objects.get().sealed)


@pytest.mark.parametrize("is_right", [True, False])
def test_an_installation_from_before_is_judged_by_its_credentials(
    monkeypatch: pytest.MonkeyPatch, is_right: bool
) -> None:
    """No canary is made with a key that opens none of the credentials that are there."""
    use_keys(monkeypatch, OLD)
    Account.objects.create(email="a@x", kind="gemini", credential_sealed=encrypt({"api_key": "k"}))
    use_keys(monkeypatch, OLD if is_right else NEW)
    if is_right:
        check_seal()
    else:
        with pytest.raises(CannotDecrypt):
            check_seal()
    assert Seal.objects.exists() is is_right
