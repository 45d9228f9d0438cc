"""A scriptable upstream that speaks all dialects and fails on request."""
