"""This process's accounts, mappings and keys in memory, kept true to the database."""
