"""Tests of the relay: serving one exchange."""
