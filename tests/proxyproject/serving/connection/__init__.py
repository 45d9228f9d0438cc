"""Tests of proxyproject/serving/connection."""
