"""Tests of monitor/search."""
