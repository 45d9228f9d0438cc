"""Asking one account: address, request, HTTP client, and its test."""
