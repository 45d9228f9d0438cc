"""Tests of monitor/pricing."""
