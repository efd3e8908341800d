"""The real program in processes of its own, under what happens to a service in its years."""
