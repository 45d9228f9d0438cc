"""Tests of relay/upstream."""
