"""The one place that knows the ASGI server."""
