"""Tests of monitor/words."""
