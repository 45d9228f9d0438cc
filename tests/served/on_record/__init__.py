"""What is on record of an exchange that the real server had, and what must not be."""
