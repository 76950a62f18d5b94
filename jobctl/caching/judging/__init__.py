"""The rules by subject: stores, staleness, policies, and the controls of the experiment itself."""
