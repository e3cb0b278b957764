import numpy as np
import tensorflow as tf

model = tf.keras.models.load_model("forecaster.keras")
losses = {}


def evaluate_all(test_sets):
    for name, ds in test_sets.items():
        metric = tf.keras.metrics.MeanAbsoluteError()
        for x, y in ds:
            p = model(x, training=False)
            metric.update_state(y, p)
            losses.setdefault(name, []).append(float(np.abs(p.numpy() - y.numpy()).mean()))
        print(name, metric.result().numpy())
