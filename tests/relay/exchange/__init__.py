"""Tests of relay/exchange."""
