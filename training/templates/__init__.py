"""What `speedrun-ci new` starts a submission from. `__SUBMISSION_...__` in these files stands for what it fills in."""
