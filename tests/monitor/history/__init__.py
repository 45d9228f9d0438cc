"""Tests of monitor/history."""
