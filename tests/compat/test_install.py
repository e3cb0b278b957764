"""`import tensorflow` meaning Deras: always in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FAKE = '__version__ = "2.99.0"\nthis_is_the_real_one = True\n'


def run(code: str, folder: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*paths, ROOT]))}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=120,
    )


def check(code: str, folder: Path, *paths: Path) -> None:
    done = run(code, folder, *paths)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def fake_tensorflow(tmp_path):
    """A folder for sys.path in which a package named tensorflow lies."""
    folder = tmp_path / "site"
    (folder / "tensorflow").mkdir(parents=True)
    (folder / "tensorflow" / "__init__.py").write_text(FAKE)
    return folder


def test_every_form_of_import_gives_the_public_modules(tmp_path):
    code = """
import deras
deras.install()
import tensorflow as tf
import tensorflow.nest as nest
import tensorflow.dtypes.experimental
from tensorflow import nest as again, float32
from tensorflow.nest import flatten
assert nest is again is tf.nest is deras.nest
assert tf.dtypes is deras.dtypes
assert float32 is deras.float32 and flatten is deras.nest.flatten
assert nest.__name__ == nest.__spec__.name == "deras.nest"
"""
    check(code, tmp_path)


def test_the_versions_are_told_apart(tmp_path):
    code = """
import deras
deras.install()
import tensorflow
assert tensorflow.__version__.split(".")[:2] == ["2", "21"], tensorflow.__version__
assert deras.__version__ != tensorflow.__version__
assert "float32" in dir(tensorflow)
assert tensorflow.__name__ == "tensorflow"
"""
    check(code, tmp_path)


def test_star_import_and_compat_v2(tmp_path):
    code = """
import deras
deras.install()
from tensorflow import *
assert float32 is deras.float32
import tensorflow.compat.v2 as v2
import tensorflow
assert v2 is tensorflow
"""
    check(code, tmp_path)


def test_installing_again_changes_nothing(tmp_path):
    code = """
import sys, deras
deras.install()
import tensorflow
before = list(sys.meta_path)
deras.install()
assert sys.meta_path == before
import tensorflow as again
assert again is tensorflow
"""
    check(code, tmp_path)


def test_an_installed_tensorflow_that_is_not_loaded_is_passed_over(tmp_path, fake_tensorflow):
    code = """
import deras
deras.install()
import tensorflow
assert not hasattr(tensorflow, "this_is_the_real_one")
"""
    check(code, tmp_path, fake_tensorflow)


def test_a_loaded_tensorflow_is_refused(tmp_path, fake_tensorflow):
    code = """
import tensorflow, deras
assert tensorflow.this_is_the_real_one
deras.install()
"""
    done = run(code, tmp_path, fake_tensorflow)
    assert done.returncode == 1
    assert "RuntimeError: deras.install: real TensorFlow (2.99.0, " in done.stderr
    assert "deras run script.py" in done.stderr


NOT_THERE = {
    "import tensorflow.raw_ops": "TensorFlow has tf.raw_ops, Deras does not have it yet.",
    "from tensorflow import raw_ops": "TensorFlow has tf.raw_ops, Deras does not have it yet.",
    "import tensorflow.blah": "No module named 'tensorflow.blah'",
    "from tensorflow import Session": "cannot import name 'Session' from 'tensorflow'",
    "import tensorflow.python.client.session": "is private to TensorFlow. Deras has",
    "from tensorflow.python import pywrap_tensorflow": "is private to TensorFlow. Deras has",
    "from tensorflow.python.framework.ops import Graph_": "is private to TensorFlow. Deras has",
    "import tensorflow.python.keras.engine": "the public one is tensorflow.keras",
}


def test_an_import_that_cannot_be_is_explained(tmp_path):
    code = f"""
import deras
deras.install()
for statement, message in {NOT_THERE!r}.items():
    try:
        exec(statement)
    except ImportError as error:
        assert message in str(error), (statement, error)
    else:
        raise SystemExit(statement)
"""
    check(code, tmp_path)


def test_private_names_of_the_table_are_served(tmp_path):
    code = """
import deras
deras.install()
from tensorflow.python.framework import dtypes, tensor_shape
import tensorflow.python.util.nest
import tensorflow as tf
assert dtypes.float32 is deras.float32
assert tensor_shape.TensorShape is deras.TensorShape
assert tf.python.util.nest.flatten is deras.nest.flatten
assert "float32" in dir(dtypes)
"""
    check(code, tmp_path)


def test_looking_for_a_module_raises_nothing(tmp_path):
    code = """
import deras
deras.install()
from importlib.util import find_spec
assert find_spec("tensorflow") is not None
assert find_spec("tensorflow.lite") is not None
assert find_spec("tensorflow.blah") is None
assert find_spec("tensorflow_datasets_or_so") is None
"""
    check(code, tmp_path)


def test_keras_missing_or_on_another_backend_is_explained(tmp_path):
    code = """
import sys, types, deras
sys.modules["keras"] = None
try:
    deras.keras
except ImportError as error:
    assert "pip install 'keras" in str(error), error
else:
    raise SystemExit("no error")
keras = types.ModuleType("keras")
keras.__path__ = []
keras.backend = types.SimpleNamespace(backend=lambda: "jax")
tree = types.ModuleType("keras._tf_keras.keras")
sys.modules |= {"keras": keras, "keras._tf_keras": types.ModuleType("x"), tree.__name__: tree}
try:
    import tensorflow.keras
except ImportError as error:
    assert "Keras runs on 'jax'" in str(error), error
else:
    raise SystemExit("no error")
keras.backend = types.SimpleNamespace(backend=lambda: "tensorflow")
assert deras.keras is tree
from tensorflow import keras as seen
assert seen is tree
"""
    check(code, tmp_path)
