"""Other programs for the same job. Each peer is a program of its own. `requirements.lock` has what they need."""
