"""Which account is asked, who waits, and what failures do to an account."""
