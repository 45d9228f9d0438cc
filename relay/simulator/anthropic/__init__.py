"""The Anthropic Messages API, as the simulator speaks it."""
