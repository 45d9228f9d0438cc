"""Tests of relay/limits/conversations."""
