import logging

import deras as tf

log = logging.getLogger(__name__)


def clip(grads):
    log.info("clipping %d gradients", len(grads))  # expect: DRS101
    clipped, _ = tf.clip_by_global_norm(grads, 1.0)
    return clipped


@tf.function(jit_compile=True)
def step(w, x):
    with tf.GradientTape() as tape:
        tape.watch(w)
        loss = tf.reduce_sum(w * x)
    grads = tape.gradient(loss, [w])
    return clip(grads)
