"""Somebody else's figures, as claims. One file per format; which one a file is, its content tells."""

from bizra_lab.importers._files import refuse_what_is_no_file
from bizra_lab.importers._importer import IMPORTERS, ImportedSource, importer, read

__all__ = ["IMPORTERS", "ImportedSource", "importer", "read", "refuse_what_is_no_file"]
