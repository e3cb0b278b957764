import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(4)])
data = tf.data.Dataset.from_tensor_slices(tf.zeros([16, 8])).batch(4)

for batch in data:

    @tf.function  # expect: DRS114
    def forward(x):
        return model(x, training=False)

    forward(batch)
