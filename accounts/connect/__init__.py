"""How each client is told to use this server."""
