"""Tests of monitor/pages."""
