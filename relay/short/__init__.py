"""Exchanges whose answer is one document: counting, embedding, model lists."""
