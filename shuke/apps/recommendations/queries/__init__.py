"""Reading what is recommended and why."""
