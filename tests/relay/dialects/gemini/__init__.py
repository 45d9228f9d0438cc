"""The Gemini dialect, against transcripts and the vendor's own SDK."""
