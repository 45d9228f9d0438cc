"""The simulated upstream, tested against its real bytes and with the vendors' own SDKs."""
