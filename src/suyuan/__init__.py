"""Suyuan 溯源: records whose whole life can be proved, kept by people who can be held to account."""

__version__ = "0.1.0"
