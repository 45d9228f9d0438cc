"""Embeddings: requests and answers of each dialect, cut and joined. PURE."""
