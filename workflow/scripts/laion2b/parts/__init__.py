"""From the mirrors to `parts/`: addresses, downloads, records."""
