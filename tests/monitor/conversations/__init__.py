"""Tests of monitor/conversations."""
