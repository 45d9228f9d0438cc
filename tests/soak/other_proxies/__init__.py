"""The campaign against other proxies."""
