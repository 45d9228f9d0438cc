"""Tests of the monitor: what is remembered, and how it is shown."""
