"""Filters of the frame's own pages."""
