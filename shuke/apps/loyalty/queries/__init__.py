"""Every read of the loyalty programme."""
