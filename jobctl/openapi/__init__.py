"""From an OpenAPI document, or one sample answer, to a draft of a profile. Pure: nothing is fetched here."""
