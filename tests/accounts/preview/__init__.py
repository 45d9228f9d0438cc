"""Tests of what a mapping is foreseen to do."""
