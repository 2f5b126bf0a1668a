"""`python -m aiops_daemon` and the `aiops-daemon` command."""

from aiops_daemon.cli import main

if __name__ == "__main__":
    main()
