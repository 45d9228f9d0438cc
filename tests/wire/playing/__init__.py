"""How a shape is played: through decoder and encoder alone, and through the real server."""
