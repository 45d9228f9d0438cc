"""What any dialect's stream, request or failure means, free of the dialect. PURE."""
