import time

import numpy as np
import tensorflow as tf


def evaluate(model, dataset, log):
    start = time.time()
    scores = []
    for x, y in dataset:
        p = model(x, training=False).numpy()
        scores.append(np.mean(p.argmax(-1) == y.numpy()))
    log["seconds"] = time.time() - start
    print("accuracy", np.mean(scores))
    return float(np.mean(scores))
