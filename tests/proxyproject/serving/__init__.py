"""Tests of proxyproject/serving."""
