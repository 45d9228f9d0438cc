"""No key that a client sends, an account holds or a model says is found in what a server leaves behind."""

from pathlib import Path

import httpx
import pytest
import zstandard

from tests import stores
from tests.served.world import ACCOUNTS, CLAUDE, KEY, World

HEART = "Zq9PlantedHeart0123456789"
SPOKEN = f"sk-ant-api03-{HEART}"


def left_behind(world: World) -> dict[str, bytes]:
    """The log files, and the database in clear text with its bodies unpacked."""
    found = {file.name: file.read_bytes() for file in Path(world.server.data_dir, "logs").iterdir()}
    found["output"] = world.server.log_text.encode()
    if stores.wanted():
        for table in ("requestlog", "attemptlog", "body", "searchindex"):
            found[table] = str(world.server.rows(f"SELECT t::text FROM monitor_{table} AS t")).encode()
    else:
        for file in Path(world.server.data_dir).glob("*.sqlite3*"):
            found[file.name] = file.read_bytes()
    for body in world.server.rows("SELECT id, headers, content FROM monitor_body"):
        found[f"body {body['id']}"] = body["headers"].encode() + zstandard.decompress(bytes(body["content"]))
    return found


@pytest.mark.parametrize("fault", ["", "[fault: error=overloaded] "])
def test_a_server_leaves_no_secret_behind(world: World, fault: str) -> None:
    """Keys in headers, in the query, in a prompt; refused ones too; log, database, bodies, search index."""
    prompt = f"{fault}Say {SPOKEN} please."
    answers = [
        world.messages(prompt),
        world.messages(prompt, stream=False),
        world.client.post(
            f"/v1beta/models/gemini-3-flash-preview:streamGenerateContent?alt=sse&key={KEY}",
            headers={"authorization": f"Bearer {HEART}", "x-goog-api-key": ""},
            json={"contents": [{"role": "user", "parts": [{"text": prompt}]}]},
        ),
        world.client.post(
            "/v1/chat/completions",
            headers={"authorization": f"Bearer {KEY}", "x-api-key": "", "cookie": f"session={HEART}"},
            json={"model": CLAUDE, "stream": True, "messages": [{"role": "user", "content": prompt}]},
        ),
        httpx.post(
            f"{world.server.base_url}/v1/messages?key={HEART}",
            headers={"x-api-key": SPOKEN},
            json={"model": CLAUDE, "max_tokens": 9, "messages": [{"role": "user", "content": prompt}]},
        ),
    ]
    for answer in answers:
        world.row(answer)
    world.eventually("SELECT id FROM monitor_body WHERE request_id = %s", (world.row(answers[0])["id"],))
    found = left_behind(world)
    assert any(b"please" in data for name, data in found.items() if name.startswith("body"))
    secrets = {HEART, KEY, *(f"sim-{email}" for kind, email in ACCOUNTS if "@" in email and kind)}
    for name, data in found.items():
        for secret in secrets:
            assert secret.encode() not in data, (name, secret)
        assert HEART[:14].lower().encode() not in data.lower(), name
