"""Tests of accounts/loaded."""
