"""What the page of one exchange shows: all of it, its log lines, beside another."""
