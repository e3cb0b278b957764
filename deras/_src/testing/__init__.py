"""What people test their programs with: `tf.test`.

`gradient_check.py` compares gradients with differences, `test_case.py` has the assertions. What
tests Deras itself is in `tests/`, not here.
"""
