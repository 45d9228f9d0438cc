"""Requests of chat completions."""
