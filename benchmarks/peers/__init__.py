"""What others do for the same job. Each peer is a program of its own; `requirements.lock` is what they need."""
