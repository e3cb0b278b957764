"""The library's logger."""

from __future__ import annotations

import logging

from deras._src.util.export import export


@export("get_logger")
def get_logger() -> logging.Logger:
    """The logger that Deras writes its warnings to.

    >>> tf.get_logger().name
    'deras'
    """
    return logging.getLogger("deras")
