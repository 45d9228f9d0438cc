"""Gemini's native API (generateContent): the Developer API, Vertex, and Code Assist's envelope. PURE."""

from relay.dialects.gemini.dialect import GEMINI as GEMINI
