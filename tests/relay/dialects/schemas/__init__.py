"""Schemas between vendors."""
