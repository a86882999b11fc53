"""Word documents: their parts, what of them is shown, and that as HTML with markers in it."""
