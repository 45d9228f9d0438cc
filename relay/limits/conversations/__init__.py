"""How much one conversation may do within an hour, and what it has had."""
