"""What the engine remembers: signatures, what was healed, what an upstream refused."""
