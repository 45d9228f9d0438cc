"""One attempt's answer: looked at, committed, forwarded to its end."""
