"""From the driver to the client: what is read of upstream, and what the client gets of it."""
