"""What crosses packages: end to end, crashes, security, performance."""
