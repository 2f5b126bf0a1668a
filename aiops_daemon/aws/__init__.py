"""One AWS session for the process, one client per service; botocore's errors become ours here and nowhere else."""
