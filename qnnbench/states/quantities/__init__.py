"""What is computed from states: entanglement, distances, enumerators, means, singlets."""
