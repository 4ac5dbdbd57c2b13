"""People who are signed in to the CRM, on our pages inside it: who they are, what they may do, for how long."""
