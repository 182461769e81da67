"""`python -m suyuan`: the same commands as `suyuan`."""

from suyuan.cli.root import main

if __name__ == "__main__":
    main()
