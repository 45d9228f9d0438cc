"""The feed of the live page."""
