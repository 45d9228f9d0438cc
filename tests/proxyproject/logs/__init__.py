"""Tests of proxyproject/logs."""
