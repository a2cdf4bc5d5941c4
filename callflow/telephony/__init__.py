"""What happens to a telephone call, from wherever it can be learned."""
