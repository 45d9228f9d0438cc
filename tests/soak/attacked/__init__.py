"""The campaign under attack."""
