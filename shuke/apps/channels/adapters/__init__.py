"""How messages leave the house: one folder per channel."""
