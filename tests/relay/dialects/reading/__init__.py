"""What upstream sends, read as far as it can be."""
