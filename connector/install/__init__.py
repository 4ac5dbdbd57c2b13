"""Installing from the marketplace: the way there and back, agencies, and what the CRM says of it later."""
