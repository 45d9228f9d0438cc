"""What upstream sends, read as far as it can be: odd JSON, bent fields, halves of characters, codes."""
