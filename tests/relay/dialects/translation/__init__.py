"""From each dialect to each other: what one can say and the other carry comes back the same."""
