"""`tf.train.Checkpoint`: the objects of a program, saved and restored by name."""

from __future__ import annotations

import inspect
import os
import weakref
from typing import Any

from deras._src import errors
from deras._src.core.context import init_scope, state
from deras._src.core.dtypes import int64
from deras._src.core.tensor import host_tensor
from deras._src.state.trackable import AutoTrackable, NoDependency, Trackable, is_trackable
from deras._src.state.variable import Variable
from deras._src.train.async_writing import AsyncWriter
from deras._src.train.bundle_format import OBJECT_GRAPH_KEY
from deras._src.train.bundle_reader import BundleReader
from deras._src.train.bundle_writer import write_bundle
from deras._src.train.checkpoint_state import update_checkpoint_state
from deras._src.train.object_graph import GraphView, dereference, parse_graph
from deras._src.train.options import CheckpointOptions
from deras._src.train.restoring import Restoration
from deras._src.train.saving import snapshot
from deras._src.train.status import (
    CheckpointLoadStatus,
    InitializationOnlyStatus,
    NameBasedSaverStatus,
)
from deras._src.util.export import export


@export("train.Checkpoint")
class Checkpoint(AutoTrackable):
    """Saves and restores trackable objects: variables, modules, generators, optimizers, ...

    A value's name in the file is the way to its object: attribute names, list indices, dict keys.
    The files are TensorFlow's own: each reads what the other wrote.

    A checkpoint is written aside and renamed into place, so it is there whole or not at all, at
    whatever moment the process dies. Checksums are verified when it is read.

    Args:
      root: An object that is saved with all that is below it, under its own attribute names.
      **kwargs: Objects, or lists, tuples and dicts of them; they become attributes, and names in
        the file.
    Raises:
      ValueError: something is not trackable, or `root` has another child of a name in `kwargs`.

    >>> import tempfile
    >>> weights, step = tf.Variable([1.0, 2.0]), tf.Variable(0)
    >>> checkpoint = tf.train.Checkpoint(weights=weights, step=step)
    >>> path = checkpoint.save(tempfile.mkdtemp() + "/ckpt")
    >>> path.endswith("ckpt-1")
    True
    >>> _ = weights.assign([0.0, 0.0])
    >>> _ = checkpoint.restore(path).assert_consumed()
    >>> weights.numpy()
    array([1., 2.], dtype=float32)
    """

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        self._save_counter: Any = NoDependency(None)
        self._async_writer: AsyncWriter | None = None
        self._options: CheckpointOptions | None = None
        attached: dict[str, Any] | None = None
        if root is not None:
            top = dereference(root)
            if not isinstance(top, Trackable):
                raise ValueError(_not_trackable(top, "root"))
            attached = {}
            known = _own_children(top)
            self._save_counter = NoDependency(known.get("save_counter"))
            kwargs["root"] = root
        for name, value in sorted(kwargs.items()):
            setattr(self, name, value)
            target = dereference(value)
            if not is_trackable(target):
                raise ValueError(_not_trackable(target, name))
            if attached is None:
                continue
            child = known.get(name)
            if child is None:
                attached[name] = target
            elif child is not target:
                raise ValueError(
                    f"Cannot create a Checkpoint with keyword argument {name} if root.{name} "
                    "already exists."
                )
        self._attached: Any = NoDependency(attached)
        # Itself weakly: else only the garbage collector would free a checkpoint and its objects.
        self._view = GraphView(weakref.ref(self) if root is None else root, attached)

    # -- saving -------------------------------------------------------------------------------

    @property
    def save_counter(self) -> Variable:
        """Variable with the number of calls of `save`; it is saved too."""
        self._make_save_counter()
        return self._save_counter  # type: ignore[no-any-return]

    def _make_save_counter(self) -> None:
        if self._save_counter is not None:
            return
        with init_scope():
            counter = Variable(0, dtype=int64, trainable=False, name="save_counter")
        self._save_counter = NoDependency(counter)
        if self._attached is None:
            self._track_trackable(counter, "save_counter")
            return
        self._attached["save_counter"] = counter
        waiting = self._view.root._deferred_dependencies.pop("save_counter", ())
        for position in sorted(waiting, key=lambda p: p.restore_uid, reverse=True):
            position.restore(counter)

    def save(self, file_prefix: Any, options: CheckpointOptions | None = None) -> str:
        """Writes a numbered checkpoint, and notes it as its directory's latest.

        Args:
          file_prefix: Path; `-1`, `-2`, ... is added to it, by `save_counter`.
          options: A `tf.train.CheckpointOptions`.
        Returns:
          The checkpoint's path.
        Raises:
          ResourceExhaustedError, PermissionDeniedError, ...: it cannot be written. Earlier
            checkpoints and `save_counter` are as they were.
          NotImplementedError: called while a function is traced.
        """
        _refuse_in_function("save")
        self.sync()
        self.save_counter.assign_add(1)
        prefix = f"{os.fspath(file_prefix)}-{int(self.save_counter)}"
        try:
            return self._write(prefix, (options or CheckpointOptions()).with_callback(_note_latest))
        except BaseException:
            self.save_counter.assign_sub(1)
            raise

    def write(self, file_prefix: Any, options: CheckpointOptions | None = None) -> str:
        """Writes a checkpoint under just this name, without number or note.

        A checkpoint of the same name is replaced, in one step.

        Args:
          file_prefix: The checkpoint's path.
          options: A `tf.train.CheckpointOptions`.
        Returns:
          The path.
        Raises:
          As `save`.
        """
        _refuse_in_function("write")
        return self._write(os.fspath(file_prefix), options)

    def _write(self, prefix: str, options: CheckpointOptions | None = None) -> str:
        options = options or CheckpointOptions()
        callbacks = list(options.experimental_write_callbacks or ())

        def finish() -> None:
            write_bundle(prefix, shards)
            for callback in callbacks:
                wants_path = len(inspect.signature(callback).parameters) > 0
                callback(prefix) if wants_path else callback()

        self.sync()
        shards = snapshot(self._view, options, copied=options.enable_async)
        if options.enable_async:
            if self._async_writer is None:
                self._async_writer = AsyncWriter()
            self._async_writer.start(finish, prefix)
        else:
            finish()
        return prefix

    def sync(self) -> None:
        """Waits until a checkpoint that is written in a thread is there.

        Raises:
          What went wrong with it.
        """
        if self._async_writer is not None:
            self._async_writer.sync()

    # -- restoring ----------------------------------------------------------------------------

    def restore(self, save_path: Any, options: CheckpointOptions | None = None) -> Any:
        """Gives the objects their values of a checkpoint that `save` wrote.

        What the checkpoint has for objects that do not exist yet, such as the variables of a layer
        that is built at its first call, is kept for them: they get it when they become an attribute
        (or an element of a list, or a value of a dict, which is one).

        Args:
          save_path: The path that `save` returned, that of a SavedModel's directory, or None for
            nothing. In a checkpoint of TensorFlow 1's `Saver`, variables are found by their names.
          options: A `tf.train.CheckpointOptions`.
        Returns:
          A status to make sure of the outcome: `assert_consumed()`,
          `assert_existing_objects_matched()`, `assert_nontrivial_match()`; and `expect_partial()`
          to not be warned of values that nothing took.
        Raises:
          NotFoundError: there is no such checkpoint.
          DataLossError: it is damaged; file and tensor are named. No object was changed.
          ValueError: a variable has another shape. No object was changed.
        """
        given = save_path
        if save_path is not None:
            save_path = os.fspath(save_path)
            if any(os.path.exists(os.path.join(save_path, name)) for name in _SAVED_MODELS):
                save_path = os.path.join(save_path, "variables", "variables")
        try:
            status = self.read(save_path, options)
        except errors.NotFoundError as error:
            raise errors.NotFoundError(
                None,
                None,
                f"Error when restoring from checkpoint or SavedModel at {given}: {error.message}\n"
                "Please double-check that the path is correct. You may be missing the checkpoint "
                "suffix (e.g. the '-1' in 'path/to/ckpt-1').",
            ) from error
        self._make_save_counter()
        return status

    def read(self, save_path: Any, options: CheckpointOptions | None = None) -> Any:
        """As `restore`, for checkpoints that `write` wrote: without `save_counter`.

        Args:
          save_path: The path.
          options: A `tf.train.CheckpointOptions`.
        Returns:
          A status; see `restore`.
        """
        self.sync()
        if save_path is None:
            return InitializationOnlyStatus(self._view)
        reader = BundleReader(os.fspath(save_path))
        if OBJECT_GRAPH_KEY not in reader:
            return self._read_by_names(reader)
        graph = parse_graph(reader)
        restoration = Restoration(reader, graph, options or CheckpointOptions(), self._view)
        try:
            restoration.start(self._view.root)
        except BaseException:
            restoration.expect_partial()
            raise
        if restoration.is_waiting:
            reader.open_all()  # what waits is there even if the checkpoint is deleted meanwhile
        else:
            reader.close()
        return CheckpointLoadStatus(restoration, self._view)

    def _read_by_names(self, reader: BundleReader) -> NameBasedSaverStatus:
        """Restores from a checkpoint of TensorFlow 1, which has variables' names and no objects."""
        counter = self._save_counter
        variables = [n.obj for n in self._view.walk() if isinstance(n.obj, Variable)]
        found, missing = [], []
        for variable in variables:
            name = variable._shared_name
            if name in reader:
                tensors = {"VARIABLE_VALUE": host_tensor(reader.read(name), reader.dtype(name))}
                variable._check_restorable(tensors)
                found.append((variable, tensors))
            elif variable is not counter:
                missing.append(name)
        with init_scope():
            for variable, tensors in found:
                variable._restore_from_tensors(tensors)
        reader.close()
        return NameBasedSaverStatus(self._view, missing)


_SAVED_MODELS = ("saved_model.pb", "saved_model.pbtxt")


def _own_children(root: Any) -> dict[str, Any]:
    return dict(GraphView(root).children(root))


def _not_trackable(value: Any, name: str) -> str:
    return (
        f"`Checkpoint` was expecting {name} to be a trackable object (an object derived from "
        f"`Trackable`), got {value!r}. If you believe this object should be trackable, give it the "
        "base class tf.Module, or tf.train.experimental.PythonState for Python values."
    )


def _refuse_in_function(what: str) -> None:
    if state.graph is not None:
        raise NotImplementedError(
            f"Calling tf.train.Checkpoint.{what}() from a function is not supported: files are "
            "written by Python code, once, while the function is traced. Call it outside."
        )


def _note_latest(path: str) -> None:
    update_checkpoint_state(os.path.dirname(path), path, [path], save_relative_paths=True)
