"""The operator's pages for client keys."""
