"""Exchanges as files: formats, and what is taken out of them."""
