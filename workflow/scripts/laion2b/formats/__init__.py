"""What files look like inside: HDF5, NumPy, Parquet, TSV and JLD2. Knows no part, shard or subset."""
