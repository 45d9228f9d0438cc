"""What the accounts sign in with is known in this process, and what is gone is forgotten."""

import threading
from itertools import pairwise
from typing import Any

import msgspec

from accounts.credentials.encryption import encrypt
from accounts.loaded.loaded_secrets import LoadedSecrets
from accounts.snapshot import AccountView


def account(number: int, **credential: object) -> AccountView:
    return AccountView(
        id=number, email=f"{number}@x", kind="gemini", base_url="http://x", sealed=encrypt(credential)
    )


def test_what_travels_of_each_credential_is_known() -> None:
    """Keys, refresh tokens and client secrets; no address, no id, and no key that only signs."""
    secrets = LoadedSecrets()
    secrets.read(
        [
            account(1, api_key=" key-one "),
            account(2, refresh_token="refresh-two", client_secret="secret-two", client_id="id-two"),
            account(3, client_email="a@b", private_key="-----BEGIN"),
            account(4, api_key=7),
        ]
    )
    assert secrets.values() == {"key-one", "refresh-two", "secret-two"}


def test_a_change_shows_in_the_version_and_nothing_else_does() -> None:
    """The finder is made anew only where there is something new."""
    secrets, first, second = LoadedSecrets(), account(1, api_key="key-one"), account(2, api_key="key-two")
    seen = [secrets.version]
    for accounts in ([first], [first], [first, second], [second], [second]):
        secrets.read(accounts)
        seen.append(secrets.version)
    assert [after != before for before, after in pairwise(seen)] == [
        True, False, True, True, False,
    ]  # fmt: skip
    assert secrets.values() == {"key-two"}


def test_the_newest_tokens_of_an_account_are_known_until_it_is_gone() -> None:
    """The one before is valid for a while yet; of older ones nothing is kept."""
    secrets, one = LoadedSecrets(), account(1, refresh_token="refresh")
    secrets.read([one])
    for token in ("a", "b", "b", "c"):
        secrets.got_token(1, token)
    assert secrets.values() == {"refresh", "b", "c"}
    secrets.read([])
    assert secrets.values() == set()


def test_what_cannot_be_decrypted_is_not_known_and_disturbs_nobody() -> None:
    """It was sealed with another host's key."""
    secrets, one = LoadedSecrets(), account(1, api_key="key-one")
    secrets.read([msgspec.structs.replace(one, id=2, sealed="broken"), one])
    assert secrets.values() == {"key-one"}


def test_a_token_that_comes_while_the_database_is_read_is_kept() -> None:
    """The loop tells it, another thread reads: neither takes over what the other has just changed."""
    secrets, one, two = LoadedSecrets(), account(1, refresh_token="r"), account(2, refresh_token="s")
    loop = threading.Thread(target=secrets.got_token, args=(1, "token"))

    class Tokens(dict[int, tuple[str, ...]]):
        def items(self) -> Any:
            seen = dict(self)
            loop.start()
            if not secrets._changing.locked():
                loop.join()
            return seen.items()

    secrets._tokens = Tokens()
    secrets.read([one, two])
    loop.join()
    assert secrets.values() == {"r", "s", "token"}
    assert secrets.version == 2
