"""Tests of relay/memory."""
