import tensorflow as tf

T = 1000
betas = tf.linspace(1e-4, 0.02, T)


@tf.function
def sample(x):
    for t in range(T):  # expect: DRS110
        x = x - betas[t] * x
    return x
