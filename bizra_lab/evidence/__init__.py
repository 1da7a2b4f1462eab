"""Who can check it later? The raw columns in a file, and the record that says everything else and holds its digest."""
