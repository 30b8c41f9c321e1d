"""What recommendations read and write outside the database: files of purchases, and bundles."""

from shuke.apps.recommendations.adapters.catalogue_files import read_catalogue
from shuke.apps.recommendations.adapters.files import FileFacts, HistoryFile, read_history

__all__ = ["FileFacts", "HistoryFile", "read_catalogue", "read_history"]
