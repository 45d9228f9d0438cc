"""A connection to upstream: how it is made, how long it takes, and why there is none."""
