"""The operators' login: throttled, in few threads, on record."""
