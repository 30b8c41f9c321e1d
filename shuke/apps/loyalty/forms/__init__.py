"""Forms of the programme: one module per area."""
