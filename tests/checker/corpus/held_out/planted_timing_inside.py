import time

import tensorflow as tf


class Runner:
    def __init__(self):
        self.net = tf.keras.Sequential([tf.keras.layers.Dense(2)])
        self.run = tf.function(self._run)

    def _run(self, x):
        start = time.perf_counter()  # expect: DRS104
        y = self.net(x)
        tf.print("took", time.perf_counter() - start)  # expect: DRS104
        return y
