"""The log file."""
