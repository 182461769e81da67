"""One installation of Suyuan: its data folder, secrets, database server, roles and running processes."""

from suyuan.installation.model import Installation, current, use

__all__ = ["Installation", "current", "use"]
