"""Who may connect, for how long, and with how much: the server's door."""
