"""机构与权限 Access."""
