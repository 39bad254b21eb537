"""The staff's HTTP side: every operation under /api, told by /openapi.json."""
