"""Requests: a client's read, an upstream's written, and made to fit the model. PURE."""
