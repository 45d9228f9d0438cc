"""What happened to an exchange, in words, and what to do about it. PURE."""
