"""Tests of monitor/record."""
