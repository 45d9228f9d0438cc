"""Tests of monitor/diagnosis."""
