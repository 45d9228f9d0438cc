"""The frame: settings, server, log."""
