"""Tests of proxyproject/postgresql."""
