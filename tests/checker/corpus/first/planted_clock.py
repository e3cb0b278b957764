import time
from datetime import datetime

import tensorflow as tf


@tf.function
def timed(x):
    begin = time.time()  # expect: DRS104
    y = tf.linalg.matmul(x, x)
    stamp = datetime.now().timestamp()  # expect: DRS104
    return y, stamp - begin
