"""The pages of the frame: sign-in, profile, settings, users, tokens, audit and errors."""
