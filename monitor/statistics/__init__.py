"""Tokens and outcomes by hour and day."""
