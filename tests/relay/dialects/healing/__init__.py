"""Healing, in every dialect."""
