"""Before, during and after a run: configuration, checks, disk, status, progress, outcomes, failures."""
