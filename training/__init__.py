"""Training of a speedrun: configuration, dry run, training with levanter, results."""
