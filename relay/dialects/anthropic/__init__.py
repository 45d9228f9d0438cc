"""The Anthropic Messages API, as a client speaks it and as upstream does."""

from relay.dialects.anthropic.dialect import ANTHROPIC as ANTHROPIC
