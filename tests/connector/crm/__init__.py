"""The CRM client."""
