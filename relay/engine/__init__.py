"""The rules of an exchange, as pure functions and one generator; no I/O, clock or chance."""
