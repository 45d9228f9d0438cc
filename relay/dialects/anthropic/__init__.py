"""The Anthropic Messages API, as a client speaks it and as upstream does."""

from relay.dialects.anthropic.dialect import AnthropicDialect
from relay.dialects.interface import Dialect

ANTHROPIC: Dialect = AnthropicDialect()
