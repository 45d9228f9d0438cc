"""What can go wrong, what each failure means, and what is decided about it: words and tables. PURE."""
