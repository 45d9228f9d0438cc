"""Tests of relay/speakers."""
