"""The explanation as one self-contained page: who said what when, the true line against the naive one."""
