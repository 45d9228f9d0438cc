"""The relay's paths: URLs, their description, and health."""
