"""Tests of proxyproject/setup."""
