"""Requests that are larger than a model: how each vendor says so, and how it is told on."""
