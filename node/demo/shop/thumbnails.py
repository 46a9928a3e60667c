"""A module that is not installed."""

from did import did

import aggregator

aggregator.install(service="thumbnails")
did("thumbnails")
import pixelwizard  # noqa: E402, F401  # pyright: ignore[reportMissingImports, reportUnusedImport]  # this is the bug
