"""Feature Store: records online and offline."""
