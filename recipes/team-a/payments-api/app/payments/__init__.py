"""Team A: payments."""
