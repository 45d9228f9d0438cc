"""Gemini's native API (generateContent): the Developer API, Vertex, and Code Assist's envelope. PURE."""

from relay.dialects.gemini.dialect import GeminiDialect
from relay.dialects.interface import Dialect

GEMINI: Dialect = GeminiDialect()
