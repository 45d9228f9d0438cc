"""The connect page: what it says to copy is what docs/clients.md says, and it works."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from accounts.connect.snippets import CLIENTS, DOCUMENTED_ADDRESS, FALLBACK_MODELS, ClientSetup, model_for
from accounts.facts.known_models import facts_for
from accounts.models import ClientKey
from tests.served.world import CLAUDE, GEMINI, KEY, lasting_world

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "clients.md"
RUNNABLE = [client for client in CLIENTS if client.slug.endswith("python") or client.slug.startswith("curl")]


@pytest.fixture
def key() -> ClientKey:
    made = ClientKey(name="my <b>laptop")
    made.give_value()
    made.save()
    return made


def test_the_document_says_the_same(subtests: pytest.Subtests) -> None:
    """Each client has its heading and, word for word, its text in docs/clients.md."""
    for client in CLIENTS:
        with subtests.test(f"{client!r:.120}"):
            document = DOCUMENT.read_text()
            text = client.filled(DOCUMENTED_ADDRESS, FALLBACK_MODELS[client.dialect])
            assert f"## {client.name}\n" in document
            assert f"\n{text}```" in document


def test_every_place_is_filled() -> None:
    """The text names the address it was given, the key's variable, and nothing unfilled."""
    for client in CLIENTS:
        text = client.filled("https://proxy.example:444", "m-1")
        assert "https://proxy.example:444" in text
        assert "PROXY_KEY" in text
        assert "$address" not in text
        assert "m-1" in text
        assert "$$" not in text


def test_a_new_key_stands_in_the_text() -> None:
    """In each client's, as its language writes it; a program's text compiles."""
    for client in CLIENTS:
        text = client.filled_with_key("http://127.0.0.1:8045", "m-1", "sk-new")
        assert "sk-new" in text
        assert "environ" not in text
        assert "process.env" not in text
        assert "$" not in text
        if client.slug.endswith("python"):
            compile(text, client.slug, "exec")
    codex = next(client for client in CLIENTS if client.slug == "codex")
    assert codex.filled_with_key("a", "m", "sk-new").startswith("# in the shell: export PROXY_KEY=sk-new\n")


def test_the_usual_models_are_known() -> None:
    """The models that the document names are in the model table, of the dialect's own family."""
    for model in FALLBACK_MODELS.values():
        kind = {"c": "anthropic", "g": "gemini"}[model[0]] if not model.startswith("gpt") else "openai"
        assert facts_for(model, kind).family


@pytest.mark.parametrize(
    ("offered", "served", "expected"),
    [
        ([], (), FALLBACK_MODELS["gemini"]),
        ([], (FALLBACK_MODELS["gemini"],), FALLBACK_MODELS["gemini"]),
        (["gemini-x", "claude-x"], (), "gemini-x"),
        (["house-model"], (), "house-model"),
        (["house-model"], (FALLBACK_MODELS["anthropic"],), FALLBACK_MODELS["anthropic"]),
    ],
)
def test_a_model_is_named_that_is_served(offered: list[str], served: tuple[str, ...], expected: str) -> None:
    """The usual one, else one of the family, else whatever there is."""
    assert model_for("gemini", offered, lambda name: name in served) == expected


@pytest.mark.django_db
def test_the_page_has_every_client_with_its_own_address(admin_client: Any, key: ClientKey) -> None:
    """The address is the one that the page is seen under, a port included; the key's value is nowhere."""
    response = admin_client.get(
        f"/admin/accounts/clientkey/{key.pk}/connect/", headers={"host": "localhost:8046"}
    )
    page = response.content.decode()
    assert response.status_code == 200
    assert "ANTHROPIC_BASE_URL=http://localhost:8046\n" in page
    assert all(client.name in page for client in CLIENTS)
    assert "my &lt;b&gt;laptop" in page
    assert key.sha256 not in page


@pytest.mark.django_db
def test_the_page_is_for_who_may_see_keys(client: Any, key: ClientKey) -> None:
    """Others are sent to the login, or refused."""
    link = f"/admin/accounts/clientkey/{key.pk}/connect/"
    assert client.get(link).status_code == 302
    staff = User.objects.create_user("staff", is_staff=True)
    client.force_login(staff)
    assert client.get(link).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_clientkey"))
    client.force_login(staff)
    assert client.get(link).status_code == 200


@pytest.mark.django_db
def test_a_key_that_is_not_there_has_no_page(admin_client: Any) -> None:
    """A 404, not an error."""
    assert admin_client.get("/admin/accounts/clientkey/999/connect/").status_code == 404


@pytest.fixture(scope="module")
def served(server_world: Any) -> Any:
    with lasting_world(server_world) as world:
        yield world


@pytest.mark.parametrize("client", RUNNABLE, ids=lambda client: client.slug)
def test_the_text_works_as_it_is(served: Any, client: ClientSetup, tmp_path: Path) -> None:
    """Copied and run, it prints the model's answer."""
    model = {"anthropic": CLAUDE, "gemini": GEMINI, "openai": CLAUDE}[client.dialect]
    text = client.filled(served.server.base_url, model)
    run: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run
    command = [sys.executable, "-c", text] if "python" in client.slug else ["bash", "-c", text]
    environment = {**os.environ, "PROXY_KEY": KEY}
    done = run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "[1]" in done.stdout
