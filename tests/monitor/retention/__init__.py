"""Tests of monitor/retention."""
