"""The index of the words that exchanges are found by, on both stores."""
