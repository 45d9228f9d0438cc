"""Requests that are larger than a model."""
