"""Tests of monitor/partitions."""
