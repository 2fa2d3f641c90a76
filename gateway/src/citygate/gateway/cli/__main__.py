"""`python -m citygate.gateway.cli` is `citygate`."""

from citygate.gateway.cli import main

if __name__ == "__main__":
    main()
