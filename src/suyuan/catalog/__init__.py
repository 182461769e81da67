"""类型目录 Record types."""
