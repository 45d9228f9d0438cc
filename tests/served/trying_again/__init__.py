"""Retries, rotation, heals, fallbacks and continuations, over real sockets."""
