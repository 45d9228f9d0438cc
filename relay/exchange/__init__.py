"""Serving one exchange: from the client's POST to its response and its row."""
