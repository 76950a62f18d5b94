"""A report in each format: for people, machines, issues and browsers."""
