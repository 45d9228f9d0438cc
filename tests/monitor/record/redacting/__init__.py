"""Tests of monitor/record/redacting."""
