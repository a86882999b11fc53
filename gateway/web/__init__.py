"""HTTP, by actor."""
