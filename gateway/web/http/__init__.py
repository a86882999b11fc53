"""What every surface needs of HTTP."""
