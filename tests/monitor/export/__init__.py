"""Tests of monitor/export."""
