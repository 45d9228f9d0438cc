"""Serve one exchange: peek, back off, rotate, heal, translate, forward."""
