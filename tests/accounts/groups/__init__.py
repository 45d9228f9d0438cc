"""Tests of accounts/pool."""
