import tensorflow as tf

train = tf.function(lambda x, lr: x - lr * x)

x = tf.ones([3])
for i in range(200):
    lr = 0.1 / (1 + i)
    x = train(x, lr=lr)  # expect: DRS115
