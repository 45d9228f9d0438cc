"""What a client hears of an answer, what it must hear, and who judges."""
