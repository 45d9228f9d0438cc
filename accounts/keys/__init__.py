"""Client keys: their table, and what each may do."""
