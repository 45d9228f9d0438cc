"""Every shape through decoder, encoder and the client's SDK, whole and in pieces; no sockets."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import accumulate

import pytest

from tests.relay.dialects.every_dialect import DIALECTS
from tests.wire.hearing.clients import CLIENTS, ClientName
from tests.wire.hearing.ears import hear
from tests.wire.hearing.heard import Heard
from tests.wire.hearing.judging import direct_of, wrong
from tests.wire.hearing.oracle import differences, kinds_of
from tests.wire.known_failing import IN_PROCESS
from tests.wire.playing.decoding import events, joined
from tests.wire.playing.in_process import Told, told
from tests.wire.recorded.shape import Shape, Tokens, body_bytes, events_of, every_shape

pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore::UserWarning")]

STREAM, JSON = "text/event-stream", "application/json"
STREAMS = [s for s in every_shape() if s.answer.content_type == STREAM and s.answer.status == 200]
"""What a decoder is for; documents and refusals are read elsewhere, and played through the server."""

SOUND = [shape for shape in STREAMS if shape.name not in IN_PROCESS]

SEED = 20261130

CUTS_APART_BYTES = 300
"""About an event: a read still brings whole events with the end of one and the beginning of another."""


def clients_of(shape: Shape) -> Iterator[ClientName]:
    """Who can be served from it: a chat client's requests are never sent as Responses."""
    for client in CLIENTS:
        if not (shape.dialect == "responses" and client == "chat"):
            yield client


def wrong_of(shape: Shape, client: ClientName, answer: Told) -> list[str]:
    """What is wrong with the stream and with the document that is made of it."""
    if shape.reader.error is not None and answer.is_whole:
        return []  # that it is no answer, the engine says
    found = wrong(shape, client, hear(client, True, 200, STREAM, answer.body), is_stream=True)
    if shape.reader.error is not None:
        return [one for one in found if kinds_of([one]) != {"the error's status"}]  # the relay's to choose
    if not answer.is_whole:
        return [*found, f"broken: {answer.state.failure}"]
    document = hear(client, False, 200, JSON, DIALECTS[client].collect(answer.body))
    return [*found, *(f"collected: {one}" for one in wrong(shape, client, document, is_stream=False))]


@pytest.mark.thorough
def test_every_client_hears_what_the_reader_said() -> None:
    """Text, thoughts, calls, pictures, sources, usage and stop, streamed and collected.

    The body comes in one read, and event by event; where both give the same bytes, they are heard once.
    """
    bad: dict[str, list[str]] = {}
    for shape in STREAMS:
        for client in clients_of(shape):
            body = body_bytes(shape.answer)
            heard: set[tuple[bytes, bool]] = set()
            for pieces in ([body], events_of(body)):
                try:
                    answer = told(shape, client, pieces)
                    if (answer.body, answer.is_whole) in heard:
                        continue
                    heard.add((answer.body, answer.is_whole))
                    found = wrong_of(shape, client, answer)
                except Exception as error:
                    found = [f"it fails: {type(error).__name__}: {error}"]
                if found:
                    bad.setdefault(shape.name, []).append(f"{client}: {'; '.join(found)}")
    assert {name: found for name, found in bad.items() if name not in IN_PROCESS} == {}
    assert [name for name in IN_PROCESS if name not in bad] == [], "they pass now: take them out"


def test_a_note_about_the_vendors_own_sdk_is_true() -> None:
    """Where a shape says that the SDK reads less of it, the SDK does, without this server between."""
    stale = []
    for shape in STREAMS:
        if shape.own and not differences(shape, shape.dialect, direct_of(shape)):
            stale.append(shape.name)
    assert stale == []


def bytewise(body: bytes) -> list[bytes]:
    return [body[at : at + 1] for at in range(len(body))]


def at_random(body: bytes, rng: random.Random) -> list[bytes]:
    cuts = sorted(rng.sample(range(1, len(body)), min(9, len(body) - 1)))
    return [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def cuttings(body: bytes) -> Iterable[list[bytes]]:
    """At every event, at every byte at once, and five times at random."""
    yield events_of(body)
    yield bytewise(body)
    rng = random.Random(SEED)
    for _ in range(5):
        yield at_random(body, rng)


@pytest.mark.thorough
def test_no_cut_changes_what_a_client_hears() -> None:
    """Cut at every event, into single bytes, and at random: the SDK hears the very same."""
    changed = []
    for shape in SOUND:
        body = body_bytes(shape.answer)
        for client in clients_of(shape):
            whole = _bytes_of(shape, client, [body])
            heard = None
            for pieces in cuttings(body):
                cut = _bytes_of(shape, client, pieces)
                if cut == whole:
                    continue
                heard = heard or _heard(client, whole)
                if _heard(client, cut) != heard:
                    changed.append(f"{shape.name} to {client} in {len(pieces)} pieces")
    assert changed == []


def _heard(client: ClientName, body: bytes) -> Heard:
    """What the SDK hears; how much of the usage is known when an answer breaks is a matter of the reads."""
    heard = hear(client, True, 200, STREAM, body)
    return replace(heard, usage=Tokens()) if heard.error else heard


def _bytes_of(shape: Shape, client: ClientName, pieces: Iterable[bytes]) -> bytes:
    """The client's bytes; what fails is told apart by how."""
    try:
        return told(shape, client, pieces).body
    except Exception as error:
        return f"{type(error).__name__}: {error}".encode()


@pytest.mark.thorough
def test_no_place_to_cut_changes_the_events() -> None:
    """Every body, cut at each of its bytes: the same events.

    Places that are far apart are cut at once; a body that is shorter than that is only ever cut in two.
    """
    changed = []
    for shape in SOUND:
        body = body_bytes(shape.answer)
        whole = joined(events(shape, [body]))
        for first in range(1, min(CUTS_APART_BYTES + 1, len(body))):
            if joined(events(shape, cut_from(body, first))) != whole:
                changed.append(f"{shape.name} from {first} on: …{body[max(0, first - 20) : first]!r}")
                break
    assert changed == []


def test_every_place_is_cut_once() -> None:
    """All cuttings of a body together cut it at each of its bytes, and lose none of them."""
    for size in (1, 2, CUTS_APART_BYTES, CUTS_APART_BYTES + 1, CUTS_APART_BYTES + 2, 5 * CUTS_APART_BYTES):
        body = random.Random(SEED).randbytes(size)
        places: list[int] = []
        for first in range(1, min(CUTS_APART_BYTES + 1, size)):
            pieces = cut_from(body, first)
            assert b"".join(pieces) == body
            assert all(pieces)
            places += list(accumulate(map(len, pieces)))[:-1]
        assert sorted(places) == list(range(1, size))


def cut_from(body: bytes, first: int) -> list[bytes]:
    """Cut at ``first``, and from there at every place that is as far apart as those of one turn are."""
    places = list(range(first, len(body), CUTS_APART_BYTES))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]
