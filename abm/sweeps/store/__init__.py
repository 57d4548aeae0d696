"""Store a sweep in files, the only truth about it: its manifest, its shards with their commits, and its tables."""
