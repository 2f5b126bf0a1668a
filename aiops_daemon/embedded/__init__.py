"""AWS in this machine for the demo and the tests: only cli imports it, only it imports moto."""

ACCOUNT = "123456789012"  # moto's own


def client_environment(endpoint: str, region: str) -> dict[str, str]:
    """What points botocore's own chain here; real credentials, were there any, stay out of it."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "embedded",
        "AWS_SECRET_ACCESS_KEY": "embedded",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }
