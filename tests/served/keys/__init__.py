"""What a client key may do and use, through the real server."""
