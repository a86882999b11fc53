"""What goes in and out of the API, as JSON. Times are RFC 3339, in UTC, to the second."""
