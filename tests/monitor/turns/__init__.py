"""Tests of monitor/turns."""
