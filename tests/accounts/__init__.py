"""Tests of the room that knows accounts, mappings and keys."""
