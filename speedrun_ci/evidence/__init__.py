"""What is known of a run from somewhere other than its own claim: one module per source."""
