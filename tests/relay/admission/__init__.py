"""Tests of relay/admission."""
