"""Tests of monitor/record/failures."""
