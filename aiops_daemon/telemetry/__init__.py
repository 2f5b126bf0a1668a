"""Every metric, log event and the HTTP surface."""
