"""The written contract of interruptions, and that the server keeps it."""
