"""What people see: nothing from a third host, pages kept by no cache; only those inside the CRM have scripts."""
