"""The corpus as data: each file is well formed, says where it was seen, and differs from every other."""

import json
import re
from collections import Counter

from tests.wire.recorded.servers import SERVERS, account_kind
from tests.wire.recorded.shape import SHAPES, body_bytes, events_of, every_shape, frames

SHAPES_AT_LEAST, SERVERS_AT_LEAST = 120, 15
STOPS = {
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "refusal",
    "pause_turn",
    "context_window",
    "unknown",
    "other",
}
KINDS_OF_DIALECT = {
    "chat": {"openai"},
    "responses": {"openai"},
    "anthropic": {"anthropic", "vertex"},
    "gemini": {"gemini", "vertex", "code_assist"},
}
CORPUS = every_shape()


def test_there_are_enough_shapes_of_enough_servers() -> None:
    """The corpus holds the world: 120 shapes at least, from 15 kinds of server at least."""
    assert len(CORPUS) >= SHAPES_AT_LEAST
    assert len({shape.server for shape in CORPUS}) >= SERVERS_AT_LEAST


def test_every_folder_is_a_known_kind_of_server() -> None:
    """No folder without a server's name, no server without a shape, and no other file among them."""
    assert {shape.server for shape in CORPUS} == set(SERVERS)
    assert [path for path in SHAPES.rglob("*") if path.is_file() and path.suffix != ".toml"] == []


def test_every_shape_says_where_it_was_seen() -> None:
    """Each source is the address of a public page, and each shape has one."""
    told = {
        shape.name: [bool(re.fullmatch(r"https://\S+", url)) for url in shape.sources] for shape in CORPUS
    }
    assert [name for name, is_link in told.items() if not is_link or not all(is_link)] == []


def test_every_shape_is_asked_where_its_dialect_is_spoken() -> None:
    """The account's kind and the dialect of the answer fit."""
    unfit = [s.name for s in CORPUS if account_kind(s) not in KINDS_OF_DIALECT[s.dialect]]
    assert unfit == []


def test_every_reader_says_something() -> None:
    """An answer has a reason to stop, in our own words; an error has a status, and no answer is whole."""
    silent = []
    for shape in CORPUS:
        reader = shape.reader
        if reader.error is not None:
            fits = 400 <= reader.error.status < 600
            fits = fits and reader.outcome in ("error", "interrupted", "zero_tokens")
        else:
            fits = reader.stop in STOPS and reader.outcome in ("ok", "refused", "thinking_only")
            fits = fits and (reader.outcome == "refused") == (reader.stop == "refusal")
        if not fits:
            silent.append(shape.name)
    assert silent == []


def test_no_shape_is_there_twice() -> None:
    """Titles and bodies are each their own."""
    titles = Counter(shape.title for shape in CORPUS)
    bodies = Counter((body_bytes(shape.answer), shape.answer.status) for shape in CORPUS)
    assert [title for title, count in titles.items() if count > 1] == []
    assert [body[:80] for (body, _), count in bodies.items() if count > 1] == []


def test_what_is_called_was_declared() -> None:
    """A tool that the reader hears called is one that the client declared."""
    undeclared = [
        (shape.name, call.name)
        for shape in CORPUS
        for call in shape.reader.calls
        if call.name not in shape.sent.tools
    ]
    assert undeclared == []


def test_a_title_is_a_sentence_without_its_full_stop() -> None:
    """Titles are read in a table: short, beginning with a capital or a digit."""
    odd = [s.title for s in CORPUS if not re.fullmatch(r"[A-Z0-9`'\"].{10,110}[^.]", s.title)]
    assert odd == []


def test_pauses_are_short() -> None:
    """Nobody waits for the corpus: a pause is told and bounded."""
    waited = {s.name: sum(f for f in frames(s.answer) if isinstance(f, float)) for s in CORPUS}
    assert {name: seconds for name, seconds in waited.items() if seconds > 1} == {}


def test_cutting_behind_events_loses_nothing() -> None:
    """The pieces of a body are the body, and more than one where it is a stream."""
    for shape in CORPUS:
        body = body_bytes(shape.answer)
        pieces = events_of(body)
        assert b"".join(pieces) == body
        has_blanks = re.search(rb"(\r\n|\n|\r)\1", body.strip()) is not None
        if shape.answer.content_type == "text/event-stream" and body.count(b"data:") > 1 and has_blanks:
            assert len(pieces) > 1, shape.name


def test_a_document_is_json() -> None:
    """Where the answer is called JSON it is JSON, or the shape's point is that it is none."""
    for shape in CORPUS:
        if shape.answer.content_type.startswith("application/json") and "no JSON" not in shape.title:
            json.loads(body_bytes(shape.answer))
