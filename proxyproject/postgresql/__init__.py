"""Django's PostgreSQL backend, and what each connection does about a side that is gone."""
