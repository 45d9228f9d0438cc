"""Other proxies, as data: what is installed, how each is started and configured, and who asks it for what.

Each is set up as its manual advises for an operator who cares about interruptions: two accounts where it
takes several, retries on where it has them, the campaign's four seconds of patience with a silent upstream
where it has a setting for that, and no cooldown that would let one exchange's fault strike another exchange.
Where a proxy needs a vendor's login, or has the vendor's address built in, it is not here.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import Struct

from proxyproject.faultlab.ways import MODELS, Form

TIMEOUT_SECONDS = 4
KEYS = ("sim-a", "sim-b")
_CLIENT_KEY = "sk-campaign"


class Pairing(Struct, frozen=True):
    """A client's dialect and upstream's, with what the client sends for it.

    ``model`` is a template with ``{model}``; in ``headers`` and ``prefix`` ``{upstream}`` is the simulator.
    """

    form: Form
    upstream: str
    model: str = "{model}"
    headers: Mapping[str, str] = {}
    prefix: str = ""


class Peer(Struct, frozen=True):
    """One proxy. ``files`` makes its configuration from the simulator's address and its own port.

    ``command`` and ``environment`` are templates with ``{folder}`` (its own), ``{port}`` and ``{upstream}``.
    """

    package: str
    kind: Literal["pip", "npm", "system"]
    command: tuple[str, ...]
    version: tuple[str, ...]
    says: str
    pairings: tuple[Pairing, ...]
    files: Callable[[str, int, Pairing], Mapping[str, str]] = lambda upstream, port, pairing: {}
    environment: Mapping[str, str] = {}
    pins: Mapping[str, str] = {}
    """npm packages below it at a version with which it works."""


def _nginx(upstream: str, port: int, pairing: Pairing) -> dict[str, str]:
    return {
        "nginx.conf": f"""daemon off; worker_processes 1; pid nginx.pid; error_log error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi; client_max_body_size 100m;
  server {{ listen 127.0.0.1:{port}; location / {{
    proxy_pass {upstream}; proxy_http_version 1.1; proxy_buffering off;
    proxy_read_timeout {TIMEOUT_SECONDS}s; }} }}
}}"""
    }


def _litellm(upstream: str, port: int, pairing: Pairing) -> dict[str, str]:
    where = {"anthropic": upstream, "openai": f"{upstream}/v1", "gemini": f"{upstream}/v1beta"}
    patterns = {"anthropic": "claude-*", "openai": "gpt-*", "gemini": "gemini-*"}
    models = [
        {
            "model_name": patterns[kind],
            "litellm_params": {"model": f"{kind}/{patterns[kind]}", "api_base": base, "api_key": key},
        }
        for kind, base in where.items()
        for key in KEYS
    ]
    router = {
        "num_retries": 2,
        "retry_after": 0,
        "disable_cooldowns": True,
        "timeout": TIMEOUT_SECONDS,
        "stream_timeout": TIMEOUT_SECONDS,
    }
    general = {"master_key": _CLIENT_KEY}
    return {
        "config.yaml": json.dumps(
            {"model_list": models, "router_settings": router, "general_settings": general}
        )
    }


def _claude_code_router(upstream: str, port: int, pairing: Pairing) -> dict[str, str]:
    kinds: dict[str, tuple[str, Any]] = {
        "openai": ("/v1/chat/completions", None),
        "gemini": ("/v1beta/models/", {"use": ["gemini"]}),
        "anthropic": ("/v1/messages", {"use": ["Anthropic"]}),
    }
    providers = [
        {
            "name": f"{kind}{key[-1]}",
            "api_base_url": upstream + path,
            "api_key": key,
            "models": [MODELS[kind]],
        }
        | ({"transformer": transformer} if transformer else {})
        for kind, (path, transformer) in kinds.items()
        for key in KEYS
    ]
    config = {
        "PORT": port,
        "HOST": "127.0.0.1",
        "LOG": False,
        "APIKEY": _CLIENT_KEY,
        "API_TIMEOUT_MS": TIMEOUT_SECONDS * 1000,
        "NON_INTERACTIVE_MODE": True,
        "Providers": providers,
        "Router": {"default": f"openaia,{MODELS['openai']}"},
        "fallback": {"default": [f"{pairing.upstream}b,{MODELS[pairing.upstream]}"]},
    }
    return {".claude-code-router/config.json": json.dumps(config)}


def _lm_proxy(upstream: str, port: int, pairing: Pairing) -> dict[str, str]:
    connection = {"api_type": "open_ai", "api_base": f"{upstream}/v1", "api_key": KEYS[0]}
    config = {
        "host": "127.0.0.1",
        "port": port,
        "connections": {"openai": connection},
        "routing": {"gpt*": "openai.*"},
        "groups": {"default": {"api_keys": [_CLIENT_KEY]}},
    }
    return {"config.json": json.dumps(config)}


def _portkey_config(provider: str, path: str) -> str:
    """What travels in a header of each request: the first account, then the second."""
    targets = [
        {"provider": provider, "api_key": key, "custom_host": "{upstream}" + path}
        | {"retry": {"attempts": 1, "on_status_codes": [408, 429, 500, 502, 503, 504, 529]}}
        | {"request_timeout": TIMEOUT_SECONDS * 1000}
        | ({"override_params": {"max_tokens": 4096}} if provider == "anthropic" else {})
        for key in KEYS
    ]
    return json.dumps({"strategy": {"mode": "fallback"}, "targets": targets})


def _portkey(form: Form, upstream: str, provider: str, path: str) -> Pairing:
    return Pairing(form, upstream, headers={"x-portkey-config": _portkey_config(provider, path)})


_BEARER = {"Authorization": f"Bearer {_CLIENT_KEY}"}
_NODE_PATH = "{folder}/node_modules/"

PEERS: dict[str, Peer] = {
    "nginx": Peer(
        package="nginx",
        kind="system",
        command=("nginx", "-p", "{folder}", "-c", "nginx.conf"),
        version=("nginx", "-v"),
        says="bytes passed through, unbuffered, one key of the client's own, nothing tried again",
        pairings=(
            Pairing("anthropic", "anthropic", headers={"x-api-key": KEYS[0]}),
            Pairing("gemini", "gemini", headers={"x-goog-api-key": KEYS[0]}),
            Pairing("openai", "openai", headers={"Authorization": f"Bearer {KEYS[0]}"}),
        ),
        files=_nginx,
    ),
    "litellm": Peer(
        package="litellm[proxy]",
        kind="pip",
        command=(
            "{folder}/bin/litellm",
            "--config",
            "{folder}/config.yaml",
            "--host",
            "127.0.0.1",
            "--port",
            "{port}",
        ),
        version=("{folder}/bin/pip", "show", "litellm"),
        says="two keys of each kind, simple shuffle, 2 retries without a wait, no cooldowns",
        pairings=(
            Pairing("openai", "openai", headers=_BEARER),
            Pairing("anthropic", "anthropic", headers=_BEARER),
            Pairing("anthropic", "gemini", headers=_BEARER),
            Pairing("openai", "anthropic", headers=_BEARER),
        ),
        files=_litellm,
        environment={"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "NO_DOCS": "True"},
    ),
    "claude-code-proxy": Peer(
        package="claude-code-proxy",
        kind="pip",
        command=(
            "{folder}/bin/uvicorn",
            "server.fastapi:app",
            *("--host", "127.0.0.1", "--port", "{port}", "--log-level", "error"),
        ),
        version=("{folder}/bin/pip", "show", "claude-code-proxy"),
        says="one key; it has no setting for retries, accounts or timeouts",
        pairings=(Pairing("anthropic", "openai", MODELS["anthropic"], {"x-api-key": _CLIENT_KEY}),),
        environment={
            "OPENAI_API_KEY": KEYS[0],
            "OPENAI_BASE_URL": "{upstream}/v1",
            "OPENAI_API_BASE": "{upstream}/v1",
            "BIG_MODEL": MODELS["openai"],
        },
    ),
    "lm-proxy": Peer(
        package="lm-proxy",
        kind="pip",
        command=("{folder}/bin/lm-proxy", "--config", "{folder}/config.json"),
        version=("{folder}/bin/pip", "show", "lm-proxy"),
        says="one key; no setting for retries or timeouts, the vendor's SDK below it tries twice more",
        pairings=(Pairing("openai", "openai", headers=_BEARER),),
        files=_lm_proxy,
    ),
    "claude-code-router": Peer(
        package="@musistudio/claude-code-router@2.0.0",
        kind="npm",
        command=("node", _NODE_PATH + "@musistudio/claude-code-router/dist/cli.js", "start"),
        version=("node", _NODE_PATH + "@musistudio/claude-code-router/dist/cli.js", "-v"),
        says="one provider for each key, the second as its fallback",
        pairings=tuple(
            Pairing("anthropic", kind, f"{kind}a,{MODELS[kind]}", {"x-api-key": _CLIENT_KEY})
            for kind in ("openai", "gemini", "anthropic")
        ),
        files=_claude_code_router,
        environment={"HOME": "{folder}", "SERVICE_PORT": "{port}"},
    ),
    "portkey": Peer(
        package="@portkey-ai/gateway@1.15.2",
        kind="npm",
        command=(
            "node",
            _NODE_PATH + "@portkey-ai/gateway/build/start-server.js",
            "--port={port}",
            "--headless",
        ),
        version=("node", "-p", f"require('{_NODE_PATH}@portkey-ai/gateway/package.json').version"),
        says="the first key with one retry, then the second with one retry, at any error",
        pairings=(
            _portkey("openai", "openai", "openai", "/v1"),
            _portkey("openai", "anthropic", "anthropic", "/v1"),
            _portkey("openai", "gemini", "google", ""),
            _portkey("anthropic", "anthropic", "anthropic", "/v1"),
        ),
        environment={"TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"},
        pins={"@hono/node-server": "1.13.7"},  # newer ones make each untranslated stream a 500
    ),
}
