"""Tests of accounts/processes."""
