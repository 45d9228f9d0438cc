"""Tests of accounts/credentials."""
