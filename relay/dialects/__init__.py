"""The wire protocols, as pure functions between bytes, neutral events and neutral conversations."""
