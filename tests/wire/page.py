"""docs/wire-corpus.md: every shape and what each client hears of it, as it was found by playing."""

from collections.abc import Mapping

from tests.running_server import ROOT
from tests.wire.hearing.clients import CLIENTS, ClientName
from tests.wire.hearing.heard import Heard
from tests.wire.recorded.servers import SERVERS
from tests.wire.recorded.shape import Shape

PAGE = ROOT / "docs" / "wire-corpus.md"
NEVER = "–"

_HEAD = """\
# The wire as the world writes it

Recorded answers of servers, and what each client hears of them. **Every cell was played**: the shapes are
files under `tests/wire/shapes`, a scripted upstream sends their bytes over a real socket to the real server,
whole with their pauses and cut at every event and at random, streamed and collected; what comes out is read
by the vendors' own SDKs and compared with what a reader says is in the file. This page is written by
`tests/wire/test_served.py` (`WRITE_WIRE_CORPUS=1 make test PYTEST_ARGS=tests/wire/test_served.py` writes it
anew; without the variable the test compares).

* **yes** – it arrives as the client's own API would give it, and the exchange's row says the same.
* **own** – the client speaks upstream's own dialect and gets upstream's own bytes, of which its SDK reads
  less; what, stands under the table.
* **error …** – the answer is an error; the client is told its words, with this status. *error event*: behind
  the beginning of the answer, in the stream.
* **note** – the client's API has no place for a picture in an answer: a note in the text stands for it.
* **fails: …** – not as it should be yet, and why.
* **–** – the client's requests are never sent in that dialect.

A shape's name leads to where it was seen; one that was not seen as it stands says what it is derived from.
"""


def cell_of(shape: Shape, client: ClientName, heard: Heard | None, failing: Mapping[str, str]) -> str:
    """The cell's text; ``heard`` is the streamed answer, None where the client is never served from it."""
    if heard is None:
        return NEVER
    if shape.name in failing:
        return f"fails: {failing[shape.name]}"
    if shape.reader.error is not None:
        return "error event" if shape.reader.outcome == "interrupted" else f"error {heard.status}"
    if shape.reader.media and client == "anthropic":
        return "note"
    return "own" if shape.own and shape.dialect == client else "yes"


def page(cells: Mapping[tuple[str, ClientName], str], shapes: list[Shape]) -> str:
    """The whole page; ``cells`` are the texts by shape and client."""
    lines = [_HEAD, f"{len(shapes)} shapes of {len({s.server for s in shapes})} kinds of server.", ""]
    for slug, server in SERVERS.items():
        mine = [shape for shape in shapes if shape.server == slug]
        titles = [client.title for client in CLIENTS.values()]
        lines += [
            f"## {server.name}",
            "",
            f"| shape | {' | '.join(titles)} |",
            "|---" * (len(titles) + 1) + "|",
        ]
        for shape in mine:
            told = " | ".join(cells[shape.name, client] for client in CLIENTS)
            lines.append(f"| [{shape.title}]({shape.sources[0]}) | {told} |")
        lines.append("")
        notes = [(shape.title, shape.own) for shape in mine if shape.own]
        lines += [f"* *{title}*: own. {own}" for title, own in notes]
        lines += [f"* *{shape.title}*: derived: {shape.derived}." for shape in mine if shape.derived]
        if lines[-1]:
            lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"
