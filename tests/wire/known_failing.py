"""The shapes that fail today, each with its reason: the tests assert that they still do.

A fix takes its shapes out of the table. Nothing else may fail.
"""

from collections.abc import Mapping

_HALVES = "half of a character is not joined with its other half, or makes the answer unreadable"
_OPEN_BLOCKS = "a message that stops with open blocks is taken for a broken one"

IN_PROCESS: Mapping[str, str] = {
    "anthropic/cut_by_max_tokens_in_a_call": _OPEN_BLOCKS,
    "anthropic_compatible/no_event_lines": "the stream is not reframed for a client of the same dialect",
    "bedrock_proxies/blocks_that_are_not_closed": _OPEN_BLOCKS,
    "gemini_proxies/half_a_character": _HALVES,
}
"""Between the decoder and the client's SDK: shape and reason."""

_DOCUMENT = "a document in place of a stream is not read"

SERVED: Mapping[str, str] = {
    "anthropic_compatible/error_inside_a_200": _DOCUMENT,
    "anthropic_compatible/message_in_place_of_a_stream": _DOCUMENT,
    "google_ai_studio/cancelled_in_a_list": "a 499 that the client did not cause is not tried again",
}
"""Through the server alone: documents and refusals, and what the engine says."""
