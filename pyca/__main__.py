"""``python -m pyca`` is the same as ``pyca``."""

from pyca.cli import main

if __name__ == "__main__":
    main()
