"""A file that is being sent in lies in memory that no path leads to, as long as the request lasts.

Files are kept only of those who may bring one, where files belong (`bodies`); of anybody else they are dropped unread.
"""

from __future__ import annotations

import os
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile


class InMemory(FileUploadHandler):
    """In place of Django's temporary files, which a killed process would leave behind in plain text."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file. Raises `SkipFile` where none belongs."""
        super().new_file(*args, **kwargs)
        if not getattr(self.request, "takes_files", False):
            raise SkipFile
        self._file = os.fdopen(os.memfd_create("upload"), "w+b")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a piece."""
        self._file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[bytes]:
        """The file as the views take it."""
        self._file.seek(0)
        return UploadedFile(
            self._file, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra
        )

    def upload_interrupted(self) -> None:
        """Nothing is left of a file that broke off."""
        if hasattr(self, "_file"):
            self._file.close()
