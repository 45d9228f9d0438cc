"""Tests of monitor/live."""
