"""OpenAI's two wire forms."""
