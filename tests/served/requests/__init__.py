"""What clients send, odd and broken requests among it, at the real server."""
