"""The shapes that fail today, each with its reason: the tests assert that they still do.

A fix takes its shapes out of the table. Nothing else may fail.
"""

from collections.abc import Mapping

IN_PROCESS: Mapping[str, str] = {}
"""Between the decoder and the client's SDK: shape and reason."""

SERVED: Mapping[str, str] = {}
"""Through the server alone: documents and refusals, and what the engine says."""
