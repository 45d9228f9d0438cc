"""What is taken out of headers, texts, bodies and streams before they are kept or shown. PURE."""
