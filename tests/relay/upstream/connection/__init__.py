"""Tests of relay/upstream/connection."""
