"""Sending a recorded exchange again."""
