"""The CRM's events: signed by the CRM, each kept before it is acknowledged, and acted on once."""
