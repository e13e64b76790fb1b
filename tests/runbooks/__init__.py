"""Every block of every runbook, typed against the incident that it is for."""
