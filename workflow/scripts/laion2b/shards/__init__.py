"""From a part to its shard: which rows are kept, and its record."""
