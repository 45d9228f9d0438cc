"""Tests of proxyproject/pages."""
