"""Tests of accounts/facts."""
