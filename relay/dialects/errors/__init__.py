"""What an error means, by its words and numbers, and how ours are said. PURE."""
