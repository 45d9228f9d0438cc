"""The relay's front."""
