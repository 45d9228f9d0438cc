"""Tests of relay/short."""
