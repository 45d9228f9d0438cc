"""Every shape through the real server, over sockets, to every client: docs/wire-corpus.md is what was found.

``WRITE_WIRE_CORPUS=1`` writes the page; without it the page must say what this run found.
"""

import os
from collections.abc import Iterator, Mapping

import pytest

from tests.running_server import ServerWorld
from tests.served.world import AT_ONCE
from tests.wire.hearing.clients import CLIENTS, ClientName
from tests.wire.hearing.judging import wrong
from tests.wire.known_failing import IN_PROCESS, SERVED
from tests.wire.page import PAGE, cell_of, page
from tests.wire.playing.played import Cell, Played, Stage, cells_of
from tests.wire.playing.upstream import WireUpstream
from tests.wire.recorded.shape import every_shape

pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore::UserWarning")]

SHAPES = every_shape()
FAILING = {**IN_PROCESS, **SERVED}


@pytest.fixture(scope="module")
def upstream() -> Iterator[WireUpstream]:
    """The scripted upstream, with every shape."""
    with WireUpstream({shape.name: shape for shape in SHAPES}) as running:
        yield running


@pytest.fixture(scope="module")
def played(server_world: ServerWorld, upstream: WireUpstream) -> Iterator[Mapping[Cell, Played]]:
    """The whole corpus, played once."""
    cells = [cell for number, shape in enumerate(SHAPES) for cell in cells_of(shape, number)]
    server = server_world.new(env=AT_ONCE)
    stage = Stage(server, upstream, cells)
    try:
        yield stage.play()
    finally:
        stage.close()
        server.stop()
        server_world.discard(server.data_dir)


@pytest.fixture(scope="module")
def faults(played: Mapping[Cell, Played]) -> dict[str, list[str]]:
    """What is wrong, by shape: for clients, and in the rows."""
    found: dict[str, list[str]] = {}
    for cell, one in played.items():
        bad = wrong(cell.shape, cell.client, one.heard, is_stream=cell.is_stream) or row_faults(cell, one)
        if bad:
            found.setdefault(cell.shape.name, []).append(f"{cell}: {'; '.join(bad)}")
    return found


def row_faults(cell: Cell, one: Played) -> list[str]:
    """In what the exchange's row is not what was served: outcome, attempts, stop and tokens."""
    reader, row = cell.shape.reader, one.row
    if reader.error is not None:
        told = {reader.outcome} if cell.is_stream else {reader.outcome, "error"}
        told |= {"zero_tokens"} if not reader.error.words else set()
        return [] if row["outcome"] in told else [f"outcome {row['outcome']}"]
    found = [f"outcome {row['outcome']}"] if row["outcome"] != reader.outcome else []
    if row["attempts"] != 1 or row["status"] != 200:
        found.append(f"{row['attempts']} attempts, status {row['status']}")
    if row["stop_reason"] != reader.stop:
        found.append(f"stop reason {row['stop_reason']}")
    counted = [row[name] for name in ("tokens_in", "tokens_cached", "tokens_cache_write")]
    recorded = {
        "input": sum(number or 0 for number in counted) if row["tokens_in"] is not None else None,
        "output": row["tokens_out"],
        "thinking": row["tokens_thinking"],
        "cached": row["tokens_cached"],
    }
    usage = reader.usage
    said = {
        "input": usage.input,
        "output": usage.output,
        "thinking": usage.thinking,
        "cached": usage.cache_read,
    }
    found += [
        f"{name} tokens {recorded[name]} in the row"
        for name, number in said.items()
        if number is not None and (recorded[name] or 0) != number
    ]
    return found


def test_every_client_hears_what_the_reader_said(faults: dict[str, list[str]]) -> None:
    """Streamed whole and cut, and collected: the SDK reads what the reader said, and the row agrees."""
    new = [
        f"{name}: {bad[0]} (and {len(bad) - 1} more)" for name, bad in faults.items() if name not in FAILING
    ]
    assert new == [], "\n".join(new)


def test_what_is_known_to_fail_still_fails(faults: dict[str, list[str]]) -> None:
    """The table of failing shapes holds no shape that passes."""
    assert [name for name in FAILING if name not in faults] == [], "they pass now: take them out"


def test_every_shape_was_asked_for_in_its_own_dialect(
    played: Mapping[Cell, Played], upstream: WireUpstream
) -> None:
    """No client's request was sent in another dialect than the shape's."""
    ends = {
        "chat": ("/chat/completions",),
        "responses": ("/responses",),
        "anthropic": ("/messages", ":streamRawPredict"),
        "gemini": (":streamGenerateContent?alt=sse",),
    }
    assert set(upstream.asked) == {cell.shape.name for cell in played}
    strange = {
        shape.name: path
        for shape in SHAPES
        for path in upstream.asked[shape.name]
        if not path.endswith(ends[shape.dialect])
    }
    assert strange == {}


def test_the_page_is_current(played: Mapping[Cell, Played]) -> None:
    """docs/wire-corpus.md says what this run found, and no cell is empty."""
    heard = {(c.shape.name, c.client): one.heard for c, one in played.items() if c.is_stream and not c.cut}
    cells: dict[tuple[str, ClientName], str] = {
        (shape.name, client): cell_of(shape, client, heard.get((shape.name, client)), FAILING)
        for shape in SHAPES
        for client in CLIENTS
    }
    assert [key for key, text in cells.items() if not text] == []
    written = page(cells, SHAPES)
    if os.environ.get("WRITE_WIRE_CORPUS") == "1":
        PAGE.write_text(written)
    assert PAGE.read_text() == written
