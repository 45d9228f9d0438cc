"""Is this process's Fernet key the one that the database's credentials are sealed with? Blocking.

A canary sealed with the key stands in the database. A host that cannot open it would fail with every account.
A shared database must not be told so: such a host does not serve. The canary is sealed anew when a newer key
was put in front, so that the old one can be taken away later.
"""

from django.db import connection, transaction

from accounts.credentials.encryption import CannotDecrypt, decrypt, encrypt, is_sealed_with_newest
from accounts.models import Account, Seal

_CANARY = {"canary": "evenkeel"}


def check_seal() -> None:
    """Raises CannotDecrypt where the key is another; makes the canary where there is none yet."""
    try:
        with transaction.atomic():
            seal = Seal.objects.select_for_update().first()
            if seal is None:
                _try_a_credential()
                # A host that starts now may have made it, with another key: so it is opened too.
                seal, _ = Seal.objects.get_or_create(pk=1, defaults={"sealed": encrypt(_CANARY)})
            try:
                decrypt(seal.sealed)
            except CannotDecrypt:
                raise CannotDecrypt(
                    "this host's Fernet key is not the one that the database's credentials are sealed with: "
                    "put the right key into PROXY_FERNET_KEYS or fernet.key"
                ) from None
            if not is_sealed_with_newest(seal.sealed):
                Seal.objects.filter(pk=seal.pk).update(sealed=encrypt(_CANARY))
    finally:
        connection.close()


def _try_a_credential() -> None:
    """An installation from before the canary: one credential that opens says that the key is right."""
    sealed = list(Account.objects.exclude(credential_sealed="").values_list("credential_sealed", flat=True))
    for number, one in enumerate(sealed, 1):
        try:
            decrypt(one)
        except CannotDecrypt:
            if number == len(sealed):
                raise
        else:
            return
