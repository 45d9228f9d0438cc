"""Tests of monitor/ledger."""
