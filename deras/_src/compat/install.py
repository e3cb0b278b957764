"""`install()`: from then on `import tensorflow` in this process means Deras.

A finder at the head of `sys.meta_path` answers for `tensorflow` and everything below it. The module
`tensorflow` is a thin one of its own, as it reports another version than `deras` does; all below is
the very same module that `deras` has (`tensorflow.nn is deras.nn`). The public modules are looked
up by name when they are asked for, so that nothing in `_src` imports them.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from deras._src.compat.missing import PACKAGE, is_tensorflow_name
from deras._src.compat.private_names import PRIVATE_NAMES
from deras._src.util.export import export
from deras._src.util.version import TENSORFLOW_VERSION

ALIAS = "tensorflow"
# Where Keras keeps the module tree that TensorFlow shows as `tf.keras`.
KERAS_TREE = "keras._tf_keras.keras"
_PRIVATE_ROOTS = tuple(f"{ALIAS}.{name}" for name in ("python", "core", "compiler", "tools"))
# Packages that exist only as the way to a module of the table: `tensorflow.python.framework`.
_PRIVATE_PARENTS = frozenset(
    name.rsplit(".", depth)[0] for name in PRIVATE_NAMES for depth in range(1, name.count(".") + 1)
) - {ALIAS}


class TensorflowModule(ModuleType):
    """The module `tensorflow`: Deras's names under TensorFlow's version."""

    __version__ = TENSORFLOW_VERSION

    def __init__(self, name: str):
        super().__init__(name, "Deras, as the module `tensorflow`; see `deras.install`.")
        self.__path__ = []

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return [public for public in dir(self) if not public.startswith("_")]
        if name.startswith("__") and name != "__file__":
            raise AttributeError(f"module {ALIAS!r} has no attribute {name!r}")
        return getattr(importlib.import_module(PACKAGE), name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(importlib.import_module(PACKAGE))})


class ServedModule(ModuleType):
    """A module that Deras itself does not have: holds some of its public objects, found when used.

    `names` maps an attribute to a public name of Deras; `describe` gives the message for any other.
    """

    def __init__(self, name: str, names: Mapping[str, str], describe: Callable[[str], str]):
        super().__init__(name, f"Stands for TensorFlow's {name}; here: {', '.join(names) or '-'}.")
        self.__path__ = []
        self._names = names
        self._describe = describe

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name not in self._names:
            raise AttributeError(self._describe(f"{self.__name__}.{name}"))
        return _public(self._names[name])

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._names})


class TensorflowFinder(importlib.abc.MetaPathFinder):
    """Answers the import system for `tensorflow` and all below, and for `deras.keras.…`."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname == ALIAS or fullname.startswith(ALIAS + "."):
            loader = _find(fullname)
        elif fullname.startswith(f"{PACKAGE}.keras."):
            loader = _find(f"{ALIAS}.{fullname.removeprefix(PACKAGE + '.')}")
        else:
            return None
        if loader is None:
            return None
        return importlib.machinery.ModuleSpec(
            fullname, loader, origin=PACKAGE, is_package=loader.is_package
        )


class AliasLoader(importlib.abc.Loader):
    """Gives out a module that exists already, and leaves it as it was."""

    def __init__(self, module: ModuleType):
        self._module = module
        self._spec = module.__spec__
        self.is_package = hasattr(module, "__path__")

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just given the module the alias's spec.
        if self._spec is not None:
            module.__spec__ = self._spec


class RefusingLoader(importlib.abc.Loader):
    """Raises the ImportError that says why.

    A loader, not the finder, so that `importlib.util.find_spec` can ask without an exception.
    """

    is_package = True

    def __init__(self, message: str):
        self._message = message

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        raise ImportError(self._message, name=spec.name)

    def exec_module(self, module: ModuleType) -> None:
        raise ImportError(self._message, name=module.__name__)


def _find(fullname: str) -> AliasLoader | RefusingLoader | None:
    """The loader for a module named as in TensorFlow; None where no TensorFlow has such a one."""
    if fullname in (ALIAS, f"{ALIAS}.compat.v2"):
        return AliasLoader(sys.modules.get(ALIAS) or TensorflowModule(ALIAS))
    if fullname in PRIVATE_NAMES or fullname in _PRIVATE_PARENTS:
        return AliasLoader(
            ServedModule(fullname, PRIVATE_NAMES.get(fullname, {}), _describe_private)
        )
    parent, _, leaf = fullname.rpartition(".")
    if leaf in PRIVATE_NAMES.get(parent, {}):
        # `from … import name` asks for a module of that name once the attribute was not found.
        return RefusingLoader(
            f"{fullname} would be tf.{PRIVATE_NAMES[parent][leaf]}, which Deras does not have yet."
        )
    if fullname.startswith(_PRIVATE_ROOTS):
        return RefusingLoader(_describe_private(fullname))
    dotted = fullname.removeprefix(ALIAS + ".")
    if dotted == "keras" or dotted.startswith("keras."):
        return _find_keras(dotted)
    try:
        return AliasLoader(importlib.import_module(f"{PACKAGE}.{dotted}"))
    except ModuleNotFoundError as error:
        # Something else that is missing, further in, is not ours to explain.
        if error.name is None or not f"{PACKAGE}.{dotted}".startswith(error.name):
            raise
    if dotted == "compat":
        # The way to `tensorflow.compat.v2`, which is the module `tensorflow` again.
        return AliasLoader(ServedModule(fullname, {}, _describe_public))
    if dotted.startswith("_") or not is_tensorflow_name(dotted):
        return None
    return RefusingLoader(_describe_public(fullname))


def _find_keras(dotted: str) -> AliasLoader | None:
    tree = importlib.import_module(f"{PACKAGE}.keras")
    name = dotted.removeprefix("keras").removeprefix(".")
    if not name:
        return AliasLoader(tree)
    try:
        return AliasLoader(importlib.import_module(f"{KERAS_TREE}.{name}"))
    except ModuleNotFoundError as error:
        if error.name is None or not f"{KERAS_TREE}.{name}".startswith(error.name):
            raise
        return None


def _describe_private(fullname: str) -> str:
    if fullname.startswith(f"{ALIAS}.python.keras"):
        return f"{fullname} is a private, old copy of Keras; the public one is tensorflow.keras."
    return (
        f"{fullname} is private to TensorFlow. Deras has the public API, and of the private one"
        " only what deras/_src/compat/private_names.py lists."
    )


def _describe_public(fullname: str) -> str:
    dotted = fullname.removeprefix(ALIAS + ".")
    if dotted.startswith("compat.v1"):
        return f"tf.{dotted} belongs to TensorFlow 1; Deras has the API of TensorFlow 2 only."
    return f"TensorFlow has tf.{dotted}, Deras does not have it yet."


def _public(dotted: str) -> Any:
    """The public object of that dotted name; AttributeError where Deras lacks it."""
    found: Any = importlib.import_module(PACKAGE)
    for part in dotted.split("."):
        found = getattr(found, part)
    return found


def _is_ours(module: ModuleType) -> bool:
    if isinstance(module, TensorflowModule | ServedModule):
        return True
    name = module.__name__
    return name.partition(".")[0] in (PACKAGE, "keras")


@export("install")
def install() -> None:
    """From now on, in this process, `import tensorflow` means Deras.

    Call it before anything imports TensorFlow; `deras run` does so for a whole program. Calling it
    again changes nothing. `tensorflow.__version__` is that of the TensorFlow whose names and
    numbers Deras follows; the version of Deras is `deras.__version__`.

    Raises:
      RuntimeError: real TensorFlow has been imported already.

    >>> tf.install()
    >>> import tensorflow
    >>> tensorflow.constant is tf.constant, tensorflow.math is tf.math
    (True, True)
    """
    for name, module in list(sys.modules.items()):
        if (name == ALIAS or name.startswith(ALIAS + ".")) and not (
            module is None or _is_ours(module)
        ):
            real = sys.modules.get(ALIAS, module)
            version = getattr(real, "__version__", "of unknown version")
            raise RuntimeError(
                f"deras.install: real TensorFlow ({version},"
                f" {getattr(real, '__file__', 'no file')}) is loaded in this process already, and"
                " two engines under one name would mix. Call deras.install() before the first"
                " import of tensorflow, or start the program with: deras run script.py"
            )
    if not any(isinstance(finder, TensorflowFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, TensorflowFinder())
