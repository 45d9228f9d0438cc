"""Tests of monitor/admin."""
