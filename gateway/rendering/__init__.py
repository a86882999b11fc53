"""Documents out: pages, forms and their encodings."""
