"""Accounts of every kind at one simulator, and a model name that leads to each."""

import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.served.world import CLAUDE, GEMINI, KEY, PATIENCE_SECONDS, World

OWN, OLD, OPEN = "gpt-6-sol", "gpt-4.1", "deepseek-sim"
TARGETS = {
    "on-gemini": (GEMINI, "gemini"),
    "on-vertex": (GEMINI, "vertex"),
    "on-code-assist": (GEMINI, "code_assist"),
    "on-claude": (CLAUDE, "anthropic"),
    "on-vertex-claude": (CLAUDE, "vertex"),
    "on-openai": (OWN, "openai"),
    "on-openai-old": (OLD, "openai"),
    "on-open": (OPEN, "openai"),
}
"""The client's name for a model: the upstream model, and the kind of account that is asked for it."""

OTHER_MODELS = {
    "on-gemini-2": ("gemini-2.5-flash", "gemini"),
    "on-claude-2": ("claude-haiku-4-5", "anthropic"),
    "on-openai-2": ("gpt-6-luna", "openai"),
    "on-gemini-3": ("gemini-2.5-pro", "gemini"),
    "on-claude-3": ("claude-sonnet-4-5", "anthropic"),
    "on-openai-3": ("gpt-5.4", "openai"),
}
"""More models of some kinds: marks on the first do not concern them."""

CODEX_MODEL = "gpt-6.2-sol"
CLIENTS_MODELS = {
    "claude-on-openai": (OWN, "openai"),
    "claude-on-older-gemini": ("gemini-2.5-flash", "gemini"),  # it signs the first words of a text
    CODEX_MODEL: (CLAUDE, "anthropic"),
}
"""Names that a client takes for one of its own vendor's."""

EMBEDDING_MODELS = {
    "embed-on-studio": ("gemini-embedding-001", "gemini"),
    "embed-on-vertex": ("gemini-embedding-001", "vertex"),
    "embed-on-code-assist": ("gemini-embedding-001", "code_assist"),
    "embed-on-openai": ("text-embedding-3-small", "openai"),
    "embed-on-claude": ("claude-embedding", "anthropic"),
}


def private_key_pem() -> str:
    """A fresh RSA key, as a service account's JSON holds it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def claude_on_vertex(world: World, name: str, pem: str) -> dict[str, Any]:
    """A Vertex AI account in whose project Claude was enabled: it says so in its list."""
    account = vertex_account(world, f"{name}-claude", pem)
    return {**account, "models": [CLAUDE]}


def vertex_account(world: World, name: str, pem: str) -> dict[str, Any]:
    """A Vertex AI account whose tokens the simulator issues."""
    return {
        "email": f"{name}@vertex",
        "kind": "vertex",
        "base_url": world.simulator.base_url,
        "location": "europe-west4",
        "credential": {
            "type": "service_account",
            "project_id": "test-project",
            "client_email": f"{name}-vertex@test-project.iam.gserviceaccount.com",
            "private_key": pem,
            "token_uri": f"{world.simulator.base_url}/token",
        },
    }


def code_assist_account(world: World, name: str) -> dict[str, Any]:
    """A Code Assist account whose tokens the simulator issues."""
    return {
        "email": f"{name}@code-assist",
        "kind": "code_assist",
        "base_url": world.simulator.base_url,
        "project": "test-project",
        "credential": {
            "refresh_token": f"sim-{name}@code-assist",
            "client_id": "our-client",
            "client_secret": "our-secret",
            "token_uri": f"{world.simulator.base_url}/token",
        },
    }


def openai_account(world: World, name: str) -> dict[str, Any]:
    """An account at an OpenAI-compatible server."""
    return {
        "email": f"{name}@openai",
        "kind": "openai",
        "base_url": world.simulator.base_url,
        "credential": {"api_key": f"sim-{name}@openai"},
    }


def add_every_kind(world: World) -> None:
    """Add accounts of the kinds that a world has not, and the names above; wait until they are known."""
    pem = private_key_pem()
    world.import_accounts(
        [openai_account(world, name) for name in "abc"]
        + [vertex_account(world, name, pem) for name in "abc"]
        + [claude_on_vertex(world, name, pem) for name in "abc"]
        + [code_assist_account(world, name) for name in "abc"]
    )
    names = TARGETS | OTHER_MODELS | EMBEDDING_MODELS | CLIENTS_MODELS
    world.import_mappings(
        [{"pattern": name, "target": model, "kinds": [kind]} for name, (model, kind) in names.items()]
    )
    wait_for_names(world, set(names))


def wait_for_names(world: World, names: set[str]) -> None:
    """Wait until the server lists ``names``: a change reaches it within two seconds."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not names <= set(listed_names(world)):
        assert time.monotonic() < ends_at, "the mappings did not reach the server"
        time.sleep(0.05)


def listed_names(world: World) -> list[str]:
    """The models that an OpenAI client sees."""
    answer = world.client.get("/v1/models", headers={"authorization": f"Bearer {KEY}"})
    return [model["id"] for model in json.loads(answer.content)["data"]]
