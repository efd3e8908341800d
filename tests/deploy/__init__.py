"""From a fresh server to a running service: what is in `deploy/`, done for real."""
