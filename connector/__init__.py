"""The running service: from the trunk's webhook to the contact's timeline."""
