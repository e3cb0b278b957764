import tensorflow as tf


class Mean(tf.keras.metrics.Metric):
    def __init__(self):
        super().__init__(name="mean")
        self.total = 0.0
        self.count = 0

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total += tf.reduce_sum(tf.abs(y_true - y_pred))  # expect: DRS102
        self.count += 1  # expect: DRS102

    def result(self):
        return self.total / self.count
