"""Rule books of real jurisdictions, written from the nine source plans."""
