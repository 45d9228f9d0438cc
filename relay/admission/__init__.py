"""Before an exchange begins: the client's key, its body, and early answers."""
