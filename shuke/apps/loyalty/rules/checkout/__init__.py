"""What a basket costs with points and vouchers, and what a return of it gives back: arithmetic only."""
