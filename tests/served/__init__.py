"""The whole server over real sockets, with the simulator behind it."""
