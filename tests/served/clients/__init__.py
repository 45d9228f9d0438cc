"""The programs that people use, the official SDKs first, at the real server."""
