"""What upstreams answer, odd and broken answers among it, and what a client hears of it."""
