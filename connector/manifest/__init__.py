"""manifest.json: what the marketplace must know, held against the code, and written in the vendor's own files."""
