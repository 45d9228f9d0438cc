"""What was recorded: a shape, the file that holds it, and the servers that it was seen at."""
