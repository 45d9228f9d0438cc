"""The operator's pages for accounts, mappings and client keys."""
