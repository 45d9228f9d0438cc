"""Django's SQLite backend, for a server that outlives its database's file."""
