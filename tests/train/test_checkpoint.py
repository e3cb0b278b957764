"""`tf.train.Checkpoint`: saving, restoring now and later, and what is said when it does not fit."""

from __future__ import annotations

import copy
import gc
import logging
import weakref

import numpy as np
import pytest

import deras as tf
from tests.train import programs


class Empty(tf.Module):
    pass


def holding(**attributes):
    module = Empty()
    for name, value in attributes.items():
        setattr(module, name, value)
    return module


@pytest.mark.parametrize("name", sorted(programs.CHECKPOINTS))
def test_what_is_written_is_read(name, tmp_path):
    checkpoint = programs.CHECKPOINTS[name](tf)
    path = checkpoint.write(tmp_path / "a")
    programs.spoil(tf, checkpoint)
    checkpoint.read(path).assert_consumed().assert_nontrivial_match()
    assert programs.same(checkpoint, programs.CHECKPOINTS[name](tf))


def test_save_counts_and_notes_the_latest(tmp_path):
    step = tf.Variable(1)
    checkpoint = tf.train.Checkpoint(step=step)
    assert tf.train.latest_checkpoint(tmp_path) is None
    first = checkpoint.save(tmp_path / "c")
    step.assign(2)
    second = checkpoint.save(tmp_path / "c")
    assert (first, second) == (str(tmp_path / "c-1"), str(tmp_path / "c-2"))
    assert tf.train.latest_checkpoint(tmp_path) == second
    text = (tmp_path / "checkpoint").read_text(encoding="utf-8")
    assert text == 'model_checkpoint_path: "c-2"\nall_model_checkpoint_paths: "c-2"\n'
    again = tf.train.Checkpoint(step=tf.Variable(0))
    again.restore(first).assert_consumed()
    assert (int(again.step), int(again.save_counter)) == (1, 1)
    assert again.save(tmp_path / "c") == second


def test_a_root_shares_its_names(tmp_path):
    root = holding(w=tf.Variable(1.0))
    checkpoint = tf.train.Checkpoint(root, step=tf.Variable(2))
    path = checkpoint.save(tmp_path / "c")
    fresh = tf.train.Checkpoint(holding(w=tf.Variable(0.0)), step=tf.Variable(0))
    fresh.restore(path).assert_consumed()
    assert float(fresh.root.w) == 1.0
    assert int(fresh.save_counter) == 1
    tf.train.Checkpoint(weakref.ref(root), step=tf.Variable(0)).restore(path).assert_consumed()
    with pytest.raises(ValueError, match=r"keyword argument w if root\.w already exists"):
        tf.train.Checkpoint(root, w=tf.Variable(1.0))
    gone = weakref.ref(holding())
    gc.collect()
    with pytest.raises(ReferenceError, match="the root object is gone"):
        tf.train.Checkpoint(gone)


@pytest.mark.parametrize("value", [3, None, "text", np.ones(2)])
def test_what_is_not_trackable_is_refused(value):
    with pytest.raises(ValueError, match="expecting x to be a trackable object"):
        tf.train.Checkpoint(x=value)
    for root in [value, [tf.Variable(1.0)]] if value is not None else []:
        with pytest.raises(ValueError, match="expecting root to be a trackable object"):
            tf.train.Checkpoint(root)


# -- restored later ---------------------------------------------------------------------------


def saved(tmp_path, **attributes):
    return tf.train.Checkpoint(holding(**attributes)).write(tmp_path / "a")


def test_variables_made_after_restore_get_their_values(tmp_path):
    inner = holding(v=tf.Variable(1.0), deep=holding(v=tf.Variable(2.0)))
    path = saved(tmp_path, inner=inner, late=tf.Variable(3.0))
    root = Empty()
    status = tf.train.Checkpoint(root).read(path)
    with pytest.raises(AssertionError, match="Unresolved object"):
        status.assert_consumed()
    root.late = tf.Variable(0.0)
    assert float(root.late) == 3.0
    root.inner = Empty()
    root.inner.v = tf.Variable(0.0)
    assert float(root.inner.v) == 1.0
    root.inner.deep = holding(v=tf.Variable(0.0))
    assert float(root.inner.deep.v) == 2.0
    status.assert_consumed()
    root.late = tf.Variable(0.0)  # restored once; another is another
    assert float(root.late) == 0.0


def test_elements_added_after_restore_get_their_values(tmp_path):
    path = saved(
        tmp_path,
        layers=[tf.Variable(1.0), [tf.Variable(2.0)], tf.Variable(3.0)],
        named={"a": tf.Variable(4.0), "b": {"c": tf.Variable(5.0)}},
        pair=(tf.Variable(6.0), tf.Variable(7.0)),
    )
    root = holding(layers=[tf.Variable(0.0)], named={})
    status = tf.train.Checkpoint(root).read(path)
    assert float(root.layers[0]) == 1.0
    root.layers.append([])
    root.layers[1].append(tf.Variable(0.0))
    root.layers += [tf.Variable(0.0)]
    assert [float(root.layers[1][0]), float(root.layers[2])] == [2.0, 3.0]
    root.named["a"] = tf.Variable(0.0)
    root.named.update(b={})
    root.named["b"].setdefault("c", tf.Variable(0.0))
    assert [float(root.named["a"]), float(root.named["b"]["c"])] == [4.0, 5.0]
    root.pair = (tf.Variable(0.0), tf.Variable(0.0))
    assert [float(v) for v in root.pair] == [6.0, 7.0]
    status.assert_consumed()
    assert type(copy.deepcopy(root).layers) is list
    assert len(root.variables) == 7


def test_inside_a_function_too(tmp_path):
    path = saved(tmp_path, w=tf.Variable([2.0]))

    class Lazy(tf.Module):
        w = None

        @tf.function
        def __call__(self, x):
            if self.w is None:
                self.w = tf.Variable(tf.zeros([1]))
            return self.w * x

    lazy = Lazy()
    tf.train.Checkpoint(lazy).read(path)
    assert lazy(tf.constant([3.0])).numpy() == [6.0]


def test_the_later_restoration_wins(tmp_path):
    first = saved(tmp_path / "1", w=tf.Variable(1.0))
    second = saved(tmp_path / "2", w=tf.Variable(2.0))
    root = Empty()
    checkpoint = tf.train.Checkpoint(root)
    checkpoint.read(first)
    checkpoint.read(second)
    root.w = tf.Variable(0.0)
    assert float(root.w) == 2.0


def test_what_waits_outlives_the_files(tmp_path):
    path = saved(tmp_path, w=tf.Variable(1.0))
    root = Empty()
    tf.train.Checkpoint(root).read(path)
    for file in tmp_path.iterdir():
        file.unlink()
    root.w = tf.Variable(0.0)
    assert float(root.w) == 1.0


def test_slot_variables_wait_for_their_optimizer(tmp_path):
    path = programs.slots(tf).write(tmp_path / "a")
    fresh = programs.slots(tf)
    w, optimizer = fresh.model[0], fresh.optimizer
    del fresh.optimizer
    w.assign([0.0, 0.0])
    status = fresh.read(path)
    assert w.numpy().tolist() == [1.0, 2.0]
    optimizer._slots.clear()
    fresh.optimizer = optimizer
    assert optimizer.get_slot(w, "m/v").numpy().tolist() == [3.0, 4.0]
    status.assert_consumed()
    skip = tf.train.CheckpointOptions(experimental_skip_slot_variables=True)
    optimizer._slots.clear()
    fresh.read(path, skip).assert_consumed()
    assert not optimizer._slots
    optimizer._slots[id(w), "m/v"] = optimizer.rate
    with pytest.raises(NotImplementedError, match="is also a child of another object"):
        fresh.write(tmp_path / "b")


# -- attributes ---------------------------------------------------------------------------------


def test_which_attributes_are_children(tmp_path):
    def keys(module):
        found = tf.train.list_variables(tf.train.Checkpoint(module).write(tmp_path / "a"))
        return [name.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE") for name, _ in found[1:]]

    module = holding(a=tf.Variable(1.0), b=tf.Variable(2.0), c=tf.Variable(3.0))
    del module.a
    module.b = None
    module.d = module._no_dependency(tf.Variable(4.0))
    assert keys(module) == ["c"]
    assert len(module.variables) == 2  # d is one of the module's variables all the same
    module.bad = {1: tf.Variable(1.0)}
    with pytest.raises(ValueError, match="its key 1 stands for something to be saved"):
        keys(module)
    with pytest.raises(ValueError, match="name='c', but a Trackable with this name"):
        module._track_trackable(tf.Variable(0.0), "c")
    with pytest.raises(TypeError, match="can only be used to track objects of type Trackable"):
        module._track_trackable(3, "x")


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_has_children_of_its_own(tmp_path, duplicate):
    module = holding(v=tf.Variable(1.0), parts=[tf.Variable(2.0)])
    other = duplicate(module)
    other.v = tf.Variable(3.0)
    del other.parts
    path = tf.train.Checkpoint(a=module, b=other).write(tmp_path / "a")
    reader = tf.train.load_checkpoint(path)
    end = "/.ATTRIBUTES/VARIABLE_VALUE"
    values = {name: reader.get_tensor(f"{name}{end}") for name in ("a/v", "a/parts/0", "b/v")}
    assert values == {"a/v": 1.0, "a/parts/0": 2.0, "b/v": 3.0}
    assert not reader.has_tensor(f"b/parts/0{end}")


def test_a_user_attribute_hook_is_not_disturbed():
    class Strict(tf.Module):
        def __getattr__(self, name):
            raise RuntimeError(name)

        def __init__(self):
            self.v = tf.Variable(1.0)
            super().__init__()

    assert len(Strict().variables) == 1


def test_objects_of_the_old_kind_are_refused(tmp_path):
    class Old(tf.Module):
        def _gather_saveables_for_checkpoint(self):
            return {"x": 1}

    with pytest.raises(NotImplementedError, match="_gather_saveables_for_checkpoint"):
        tf.train.Checkpoint(old=Old()).write(tmp_path / "a")


def test_own_tensors_of_an_object(tmp_path):
    class Counter(tf.Module):
        count = 0

        def _serialize_to_tensors(self):
            return {"a/b": self.count, "call": lambda: tf.constant([1.5]), "text": "x"}

        def _restore_from_tensors(self, restored_tensors):
            self.count = int(restored_tensors["a/b"])

    counter = Counter()
    counter.count = 5
    path = tf.train.Checkpoint(counter=counter).write(tmp_path / "a")
    counter.count = 0
    tf.train.Checkpoint(counter=counter).read(path).assert_consumed()
    assert counter.count == 5
    counter._serialize_to_tensors = None
    status = tf.train.Checkpoint(counter=Empty()).read(path)
    with pytest.raises(AssertionError, match="Unused attributes"):
        status.assert_consumed()
    counter.__class__._serialize_to_tensors = lambda self: {"x": object()}
    with pytest.raises(TypeError, match=r"'counter/\.ATTRIBUTES/x' gives to be saved is no tensor"):
        tf.train.Checkpoint(counter=Counter()).write(tmp_path / "b")


# -- what is said -------------------------------------------------------------------------------


def test_what_does_not_fit_changes_nothing(tmp_path):
    path = saved(tmp_path, a=tf.Variable(1.0), b=tf.Variable([1.0, 2.0, 3.0]))
    root = holding(a=tf.Variable(0.0), b=tf.Variable([0.0, 0.0]))
    with pytest.raises(ValueError, match=r"shape \(3,\) when attempting to restore variable with"):
        tf.train.Checkpoint(root).read(path)
    root.b = tf.Variable([0, 0, 0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="float32 for variable"):
        tf.train.Checkpoint(root).read(path)
    assert float(root.a) == 0.0


def test_what_is_missing_is_said(tmp_path, caplog):
    path = saved(tmp_path, a=tf.Variable(1.0))
    checkpoint = tf.train.Checkpoint(holding(a=tf.Variable(0.0), b=tf.Variable(0.0)))
    with pytest.raises(AssertionError, match="Found 1 Python objects that were not bound"):
        checkpoint.read(path).assert_existing_objects_matched()
    other = tf.train.Checkpoint(holding(b=tf.Variable(0.0)))
    with pytest.raises(AssertionError, match="Nothing except the root object matched"):
        other.read(path).expect_partial().assert_nontrivial_match()
    with pytest.raises(AssertionError, match="Nothing to load"):
        tf.train.Checkpoint(Empty()).read(path).expect_partial().assert_nontrivial_match()
    gc.collect()
    caplog.clear()
    with caplog.at_level(logging.WARNING, "deras"):
        other.read(path).expect_partial()
        del other
        gc.collect()
        assert not caplog.records
        tf.train.Checkpoint(Empty()).read(path)
        gc.collect()
    assert "were never restored: root.a" in caplog.text


def test_two_objects_for_one_are_told(tmp_path, caplog):
    shared = tf.Variable(1.0)
    path = saved(tmp_path, a=shared, b=shared)
    root = holding(a=tf.Variable(0.0), b=tf.Variable(0.0))
    with caplog.at_level(logging.WARNING, "deras"):
        tf.train.Checkpoint(root).read(path)
    assert "one object where the program has two" in caplog.text
    assert [float(root.a), float(root.b)] == [1.0, 0.0]


def test_no_checkpoint(tmp_path):
    checkpoint = tf.train.Checkpoint(a=tf.Variable(1.0))
    status = checkpoint.restore(None).expect_partial()
    status.initialize_or_restore()
    for check in (
        status.assert_consumed,
        status.assert_existing_objects_matched,
        status.assert_nontrivial_match,
        status.run_restore_ops,
    ):
        with pytest.raises(AssertionError, match="No checkpoint specified"):
            check()
    with pytest.raises(tf.errors.NotFoundError, match="You may be missing the checkpoint suffix"):
        checkpoint.restore(tmp_path / "nothing")


def test_not_inside_of_a_function(tmp_path):
    checkpoint = tf.train.Checkpoint(a=tf.Variable(1.0))
    for call in (checkpoint.save, checkpoint.write):
        with pytest.raises(NotImplementedError, match="from a function is not supported"):
            tf.function(call, autograph=False)(str(tmp_path / "a"))


def test_a_saved_model_directory_is_found(tmp_path):
    path = tmp_path / "model"
    saved(path / "variables", w=tf.Variable(1.0))
    for file in (path / "variables").iterdir():
        file.rename(file.with_name(file.name.replace("a.", "variables.", 1)))
    (path / "saved_model.pb").touch()
    root = holding(w=tf.Variable(0.0))
    tf.train.Checkpoint(root).restore(path).expect_partial()
    assert float(root.w) == 1.0


def test_a_checkpoint_is_freed(tmp_path):
    gc.collect()
    gc.disable()
    try:
        variable = tf.Variable(1.0)
        gone = weakref.ref(variable)
        checkpoint = tf.train.Checkpoint(a=variable)
        checkpoint.read(checkpoint.write(tmp_path / "a")).assert_consumed()
        del checkpoint, variable
        assert gone() is None
    finally:
        gc.enable()
