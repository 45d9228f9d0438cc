"""A decoder for a shape, and its events in a form that does not depend on how the bytes were cut."""

from collections.abc import Iterable
from typing import Any

import msgspec

from relay.dialects.interface import Decoder, DecoderOptions
from relay.neutral.events import ArgumentsDelta, Event, Heartbeat, TextDelta, ThinkingDelta, Usage
from tests.relay.dialects.every_dialect import DIALECTS
from tests.wire.recorded.shape import Shape


def decoder_for(shape: Shape) -> Decoder:
    """A fresh decoder, with the options that the relay would give it."""
    is_enveloped = shape.server == "code_assist"
    return DIALECTS[shape.dialect].decoder(DecoderOptions("family", "seed", is_enveloped=is_enveloped))


def events(shape: Shape, pieces: Iterable[bytes]) -> list[Event]:
    """What the decoder gives for a body in ``pieces``, to its end."""
    decoder = decoder_for(shape)
    found = [event for piece in pieces for event in decoder.feed(piece).events]
    return found + decoder.finish().events


def joined(told: list[Event]) -> list[Any]:
    """The events without heartbeats, and with what may fall between two reads joined.

    That is neighbouring deltas, and the counts. A decoder may tell those of a read once, so what is known of
    them at the end stands last.
    """
    found: list[Any] = []
    counts: dict[str, Any] = {}
    for event in told:
        last = found[-1] if found else None
        match event, last:
            case Heartbeat(), _:
                pass
            case Usage(), _:
                counts |= {name: count for name, count in msgspec.structs.asdict(event).items() if count}
            case (TextDelta(index, more), TextDelta(before, text)) if index == before:
                found[-1] = TextDelta(index, text + more)
            case (ThinkingDelta(index, more), ThinkingDelta(before, text)) if index == before:
                found[-1] = ThinkingDelta(index, text + more)
            case (ArgumentsDelta(index, more), ArgumentsDelta(before, text)) if index == before:
                found[-1] = ArgumentsDelta(index, text + more)
            case _:
                found.append(event)
    return [*found, counts]
