"""Who may act for which sub-account: grants, sealed secrets, fresh access tokens."""
