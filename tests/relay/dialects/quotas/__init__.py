"""Tests of relay/dialects/quotas."""
