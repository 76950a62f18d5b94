"""The experiment as it is carried out: its order, its requests, its ways."""
