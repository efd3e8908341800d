"""Who may come in, and what the gate refuses."""
