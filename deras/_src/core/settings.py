"""Switches of `tf.config` that ops look at when they run or are compiled."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import jax


class Settings:
    """Values for the whole process.

    Attributes:
      deterministic: `tf.config.experimental.enable_op_determinism`: random ops need a seed.
      tensor_float_32: whether float32 products may use TF32 where the hardware has it.
    """

    def __init__(self) -> None:
        self.deterministic = False
        self.tensor_float_32 = True


settings = Settings()


def product_precision() -> AbstractContextManager[None]:
    """Entered where a program is lowered: float32 products keep float32 if TF32 is off."""
    if settings.tensor_float_32:
        return nullcontext()
    return jax.default_matmul_precision("highest")
