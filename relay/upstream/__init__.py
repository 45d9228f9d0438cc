"""Asking one account: address, request, HTTP client."""
