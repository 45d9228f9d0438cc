"""Tests of the operators' login and its gate."""
