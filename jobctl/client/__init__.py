"""HTTP to observations: what to ask and how to read the answer (pure), and httpx to carry it."""
