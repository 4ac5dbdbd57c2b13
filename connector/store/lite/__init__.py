"""SQLite's side of what is kept besides events and deliveries: a file for each subject, its SQL in sql/.

Each is made of the store's one `Writer` and one `Reader`, so all subjects share the group commit.
"""
