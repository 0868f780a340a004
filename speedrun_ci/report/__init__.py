"""Output formats: one module each behind one interface, and the registry that names them."""
