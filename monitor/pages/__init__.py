"""The monitor's views."""
