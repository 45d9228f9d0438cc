"""Tests of relay/neutral."""
