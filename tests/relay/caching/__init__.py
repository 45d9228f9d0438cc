"""The rules of why a prompt cache was not read."""
