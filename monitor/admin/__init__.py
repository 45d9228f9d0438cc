"""The operator's plain pages of what happened."""
