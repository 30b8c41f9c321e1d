"""The engines that read the lake: DuckDB on one machine, Spark on many."""
