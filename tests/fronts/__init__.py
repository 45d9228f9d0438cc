"""The real server behind nginx and Caddy: with their defaults, and with what docs/deployment.md says."""
