"""SQS: receive, keep invisible, acknowledge; envelope -> worker pool."""
