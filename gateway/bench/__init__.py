"""`paidgate bench`: what an answer costs beside nginx, measured where it is run."""
