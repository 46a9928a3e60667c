"""Configuration: one frozen object, read and checked once at start, then only passed.

`local` and `outward` say what there is, `sections` what that makes together, `kinds` how values look, `file` reads
(`toml` as text), `edit` changes, `words` says why not, `sample` documents, `places` fills in paths, `earlier` reads
the settings of other tools.
"""

from node.config.edit import set_value
from node.config.file import Loaded, load
from node.config.places import Places, places
from node.config.sections import SETTINGS, Config, Setting, value_of
from node.config.words import ConfigError

__all__ = [
    "SETTINGS",
    "Config",
    "ConfigError",
    "Loaded",
    "Places",
    "Setting",
    "load",
    "places",
    "set_value",
    "value_of",
]
