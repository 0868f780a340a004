"""Everything that is checked: one class per rule, one module per tight family, one visible registry."""
