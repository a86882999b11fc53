"""What the gateway does, step by step, on the ports."""
