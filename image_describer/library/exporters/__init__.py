"""Writers for the results of a batch: JSON Lines, CSV and an HTML gallery."""
