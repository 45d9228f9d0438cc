"""Tests of relay/limits."""
