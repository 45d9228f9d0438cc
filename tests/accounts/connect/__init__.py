"""Tests of accounts/connect."""
