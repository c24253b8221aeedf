"""The media type of JSON:API."""

MEDIA_TYPE = "application/vnd.api+json"
