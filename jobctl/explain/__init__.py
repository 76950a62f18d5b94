"""What happened to a job, who said what when, and which source lied: told from records made earlier."""
