"""Groups of accounts: who is in one, who may be served by it, and in which order its accounts are asked."""
