"""What measurements say about the home and about themselves."""
