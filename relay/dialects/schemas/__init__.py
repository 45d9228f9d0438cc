"""JSON Schema between vendors: what each one's validator takes, and how the rest is told in words."""
