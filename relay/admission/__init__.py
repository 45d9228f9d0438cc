"""Before an exchange begins: the client's key and what it may do, its body, and early answers."""
