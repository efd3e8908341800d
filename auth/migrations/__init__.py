"""How the database of people came to be what it is, a step a version: see `auth.upgrade`."""
