"""What the server remembers of conversations: signatures and heals."""
