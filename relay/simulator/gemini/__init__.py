"""Gemini generateContent, its Vertex paths and the Code Assist envelope, as the simulator speaks them."""
