"""The admin's pages in a browser: accounts, keys, mappings, facts, and the first steps."""
