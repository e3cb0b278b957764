from tensorflow import keras
import tensorflow as tf


class CustomFit(keras.Model):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def call(self, x):
        return self.model(x)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self.model(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        print("batch loss:", loss)  # expect: DRS101
        return {"loss": loss}
