"""Tests of monitor/history/one_exchange."""
