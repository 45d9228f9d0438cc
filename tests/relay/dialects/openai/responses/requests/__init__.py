"""Requests of Responses."""
