"""Programs of other people that pyCA has to get along with, in an environment of their own."""
