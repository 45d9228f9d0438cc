"""Tests of monitor/statistics."""
