"""Which instances there are, what each shall do, and what belongs together."""
