"""Raw data as teams have them: Parquet, CSV and JSON Lines, in any layout below ``raw/<source>/``.

What belongs here: which files are read, what is in them, and what each value means by its source's declaration. What
does not: where files lie (`training.storage`), and what the rows mean together (`training.features`).
"""

from training.raw.files import RawFile, below
from training.raw.order import canonical
from training.raw.problems import RawDataError
from training.raw.reading import Stream, read, read_all

__all__ = ["RawDataError", "RawFile", "Stream", "below", "canonical", "read", "read_all"]
