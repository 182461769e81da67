"""Template tags shared by all rooms: `{% load suyuan %}`."""
