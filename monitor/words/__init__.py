"""Text for people: in the reader's language, and safe to look at."""
