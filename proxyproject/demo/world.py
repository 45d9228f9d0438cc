"""The demo's accounts, mappings, key and login; made once, kept over a second start.

The accounts are the simulator's: nothing here can reach a real upstream.
"""

import io
import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from msgspec import Struct

from accounts.models import Account, ModelMapping
from relay.simulator import Prose

USER = "admin"
KEY_NAME = "demo"

PACE = Prose(events=14, words=1, delay_seconds=0.2, first_seconds=0.3)
"""First data after 0.3 s, then about 30 tokens a second: slow enough to watch, as a real model is."""

DEMO_DOMAIN = "@demo.example"

ACCOUNTS: tuple[tuple[str, str], ...] = (
    ("gemini", "anna@demo.example"),
    ("gemini", "ben@demo.example"),
    ("gemini", "carla@demo.example"),
    ("anthropic", "dora@demo.example"),
    ("anthropic", "emil@demo.example"),
    ("openai", "fred@demo.example"),
)
MAPPINGS: tuple[dict[str, Any], ...] = (
    {"pattern": "claude-demo", "target": "gemini-3-flash-preview", "kinds": ["gemini"]},
    {"pattern": "gemini-demo", "target": "claude-sonnet-4-6", "kinds": ["anthropic"]},
)


class DemoLogin(Struct, frozen=True):
    """How the demo is entered: the admin's password and the client key."""

    password: str
    client_key: str


def demo_login(data_dir: Path) -> DemoLogin:
    """The demo's secrets, made on first use and kept in ``demo_login.json`` (mode 0600)."""
    path = data_dir / "demo_login.json"
    if not path.exists():
        made = {"password": secrets.token_urlsafe(9), "client_key": f"sk-{secrets.token_urlsafe(24)}"}
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(made, file)
    return DemoLogin(**json.loads(path.read_text()))


def has_real_accounts() -> bool:
    """Whether the database is one that somebody uses: it has accounts that are not the demo's."""
    return Account.objects.exclude(email__endswith=DEMO_DOMAIN).exists()


def make_world(login: DemoLogin, simulator_url: str) -> None:
    """Make what is missing, and point the demo's accounts at the simulator, whose port may have changed."""
    for kind, email in ACCOUNTS:
        account = Account.objects.filter(kind=kind, email=email).first() or Account(kind=kind, email=email)
        account.base_url = simulator_url
        account.credential = {"api_key": f"sim-{email.partition('@')[0]}"}
        account.save()
    for mapping in MAPPINGS:
        if not ModelMapping.objects.filter(pattern=mapping["pattern"]).exists():
            ModelMapping(**mapping).save()
    call_command("create_client_key", KEY_NAME, key=login.client_key, stdout=io.StringIO())
    if not User.objects.filter(username=USER).exists():
        User.objects.create_superuser(USER, password=login.password)
