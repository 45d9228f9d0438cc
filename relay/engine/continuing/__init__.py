"""An answer that broke off, continued: whether, from where, and how its legs are joined."""
