"""The corpus played through the real server: to every client, streamed and collected, whole and cut."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from tests.running_server import RunningServer
from tests.served.kinds.every_kind import private_key_pem
from tests.served.world import PATIENCE_SECONDS
from tests.wire.hearing.clients import CLIENTS, ClientName
from tests.wire.hearing.ears import hear
from tests.wire.hearing.heard import Heard
from tests.wire.playing.upstream import WireUpstream, prompt_for
from tests.wire.recorded.servers import account_kind
from tests.wire.recorded.shape import Shape

KEY = "sk-wire-0123456789abcdef"
AT_ONCE = 8
CUT_AT_EVENTS, CUT_AT_RANDOM = "events", "20261130"
"""Otherwise a body comes as it was recorded, with its pauses."""

_MODELS = {
    "anthropic": "claude-sonnet-4-6",
    "gemini": "gemini-2.5-flash",
    "chat": "some-model",
    "responses": "gpt-6-sol",
}
"""What a name begins with, so that the account is asked in the shape's dialect."""


@dataclass(frozen=True, eq=False)
class Cell:
    """One exchange: a shape, a client, how it asks, and how upstream's body is cut."""

    shape: Shape
    client: ClientName
    is_stream: bool
    cut: str = ""

    @property
    def model(self) -> str:
        """A name of its own, so that no mark of one exchange stands in the way of another."""
        form = "s" if self.is_stream else "c"
        slug = self.shape.name.replace("/", "-").replace("_", "-")
        return f"{_MODELS[self.shape.dialect]}-{slug}-{self.client}-{form}{self.cut}"

    def __str__(self) -> str:
        form = "streamed" if self.is_stream else "collected"
        return f"{self.client}, {form}{f', cut {self.cut}' if self.cut else ''}"


@dataclass(frozen=True)
class Played:
    """What came of it: what the client heard, and the exchange's row."""

    heard: Heard
    row: dict[str, Any]


def cells_of(shape: Shape, number: int) -> Iterator[Cell]:
    """Every client, streamed and collected; an answer also in pieces: to the client of its own dialect, cut
    at every event, and at random to another, which ``number`` chooses.

    That pieces are nothing to any of them, test_in_process.py proves.
    """
    # A chat client's requests are never sent as Responses.
    clients = [name for name in CLIENTS if not (shape.dialect == "responses" and name == "chat")]
    for client in clients:
        yield Cell(shape, client, True)
        yield Cell(shape, client, False)
    if shape.answer.content_type == "text/event-stream" and shape.reader.error is None:
        others = [name for name in clients if name != shape.dialect]
        yield Cell(shape, shape.dialect, True, CUT_AT_EVENTS)
        yield Cell(shape, others[number % len(others)], True, CUT_AT_RANDOM)


class Stage:
    """A server with accounts for every cell, all at the scripted upstream."""

    def __init__(self, server: RunningServer, upstream: WireUpstream, cells: Iterable[Cell]) -> None:
        """The accounts and the key are made here."""
        self.server = server
        self.cells = list(cells)
        pem = private_key_pem()
        groups = _groups(self.cells)
        accounts = [_account(group, upstream.base_url, pem, number) for number, group in enumerate(groups)]
        server.manage("import_accounts", "-", stdin=json.dumps(accounts))
        server.manage("create_client_key", "wire", "--key", KEY)
        self._client = httpx.Client(
            base_url=server.base_url,
            timeout=60,
            headers={"x-api-key": KEY},
            limits=httpx.Limits(max_connections=AT_ONCE),
        )
        self._wait_until_the_server_knows()

    def _wait_until_the_server_knows(self) -> None:
        ends_at = time.monotonic() + 20
        while True:
            listed = self._client.get("/v1/models")
            if listed.status_code == 200 and self.cells[-1].model in listed.text:
                return
            assert time.monotonic() < ends_at, "the accounts did not reach the server"
            time.sleep(0.05)

    def play(self) -> dict[Cell, Played]:
        """Every cell, some at a time; the rows are read once all have ended."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(self._ask, self.cells))
        ids = [answer.headers["x-request-id"] for answer in answers]
        rows = self._rows(dict(zip(ids, self.cells, strict=True)))
        return {
            cell: Played(_heard(cell, answer), rows[told])
            for cell, answer, told in zip(self.cells, answers, ids, strict=True)
        }

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _ask(self, cell: Cell) -> httpx.Response:
        client = CLIENTS[cell.client]
        body = client.body(cell.model, cell.shape, prompt_for(cell.shape, cell.cut), cell.is_stream)
        return self._client.post(client.path(cell.model, cell.is_stream), json=body)

    def _rows(self, wanted: Mapping[str, Cell]) -> dict[str, dict[str, Any]]:
        """The rows of these exchanges, each ended: rows are written behind the answers, in batches."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            ended = self.server.rows("SELECT id FROM monitor_requestlog WHERE in_flight = false")
            if not (missing := wanted.keys() - {str(row["id"]) for row in ended}):
                return {str(row["id"]): row for row in self.server.rows("SELECT * FROM monitor_requestlog")}
            lost = [f"{told} of {wanted[told]}, {wanted[told].model}" for told in sorted(missing)]
            assert time.monotonic() < ends_at, f"{len(lost)} have no ended row, so {lost[:9]}"
            time.sleep(0.05)


def _heard(cell: Cell, answer: httpx.Response) -> Heard:
    content_type = answer.headers["content-type"]
    return hear(cell.client, cell.is_stream, answer.status_code, content_type, answer.content)


def _groups(cells: Iterable[Cell]) -> list[list[Cell]]:
    """The cells that one account can serve: a shape's, but each alone where the answer marks the account."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.model if cell.shape.reader.error else cell.shape.name, []).append(cell)
    return list(groups.values())


def _account(cells: list[Cell], base_url: str, pem: str, number: int) -> dict[str, Any]:
    kind = account_kind(cells[0].shape)
    account: dict[str, Any] = {
        "email": f"{number}@{kind}",
        "kind": kind,
        "base_url": base_url,
        "models": [cell.model for cell in cells],
    }
    token_uri = f"{base_url}/token"
    if kind == "vertex":
        return account | {
            "location": "europe-west4",
            "credential": {
                "type": "service_account",
                "project_id": "wire",
                "client_email": f"{number}@wire.iam.gserviceaccount.com",
                "private_key": pem,
                "token_uri": token_uri,
            },
        }
    if kind == "code_assist":
        credential = {"refresh_token": f"r{number}", "client_id": "our-client", "client_secret": "our-secret"}
        return account | {"project": "wire", "credential": credential | {"token_uri": token_uri}}
    return account | {"credential": {"api_key": f"key-{number}"}}
