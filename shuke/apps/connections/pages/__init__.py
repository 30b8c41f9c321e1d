"""Pages of connections: files that are brought in, and shops that are kept in step."""
