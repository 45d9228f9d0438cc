"""Every account kind is known to each table that has a row for each kind."""

import pytest

from accounts.admin.account.credential_hints import hints
from accounts.credentials.by_kind import BadCredential, check_credential
from accounts.facts.model_facts import SHIPPED
from accounts.kinds import KINDS
from accounts.models import Account
from relay.dialects.registry import upstream_dialect


def test_every_kind_is_known_everywhere() -> None:
    """A kind has a name for people, a credential, a page where one makes it, a dialect and model facts."""
    assert set(Account.Kind.values) == set(KINDS)
    assert set(hints()) == set(KINDS)
    for kind in KINDS:
        assert upstream_dialect(kind).upstream_path or kind in ("gemini", "vertex", "code_assist")
        assert SHIPPED.facts_for("a-name-that-nobody-knows", kind).vendor
        with pytest.raises(BadCredential):
            check_credential(kind, {})
