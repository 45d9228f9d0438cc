"""How secrets are found in text from outside."""
