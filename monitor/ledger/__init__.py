"""The ledger: what each key spent on each account and model in each hour, written with the rows."""
