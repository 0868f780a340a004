"""Honest results files falsified in every way we can think of, and a test of what the checker makes of them."""
