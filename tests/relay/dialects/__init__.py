"""Tests of the dialects: the wire formats, on both sides."""
