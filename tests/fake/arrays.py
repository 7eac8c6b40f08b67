"""An array without numbers: its shape, which rows of the data it has, and what was done to it."""


class Array:
    def __init__(self, name, shape, dtype, rows=None, done=()):
        self.name = name
        self.shape = tuple(shape)
        self.dtype = dtype
        self.rows = rows or range(self.shape[0])
        self.done = tuple(done)

    def _but(self, done=None, **changes):
        values = dict(name=self.name, shape=self.shape, dtype=self.dtype, rows=self.rows, done=self.done)
        values.update(changes)
        if done is not None:
            values['done'] = (*self.done, done)
        return Array(**values)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, key):
        if isinstance(key, slice):
            rows = self.rows[key]
            return self._but(rows=rows, shape=(len(rows), *self.shape[1:]))
        assert key == (Ellipsis, None), f'an index of {key}'
        return self._but(shape=(*self.shape, 1))

    def reshape(self, *shape):
        count = 1
        for before in self.shape:
            count *= before
        for after in shape:
            count //= after
        assert count == 1, f'{self.shape} cannot be {shape}'
        return self._but(shape=shape)

    def astype(self, dtype):
        return self._but(dtype=dtype)

    def __truediv__(self, number):
        assert self.dtype == 'float32', f'{self.dtype} divided by {number} is not float32'
        return self._but(done=f'/ {number}')

    def one_hot(self, n):
        return self._but(shape=(*self.shape, n), dtype='float32', done=f'one of {n}')

    def to_record(self):
        return {'name': self.name, 'shape': list(self.shape), 'dtype': self.dtype,
                'first': self.rows[0], 'done': list(self.done)}


def make_images(n_train, n_test, shape):
    return {'x_train': Array('x_train', (n_train, *shape), 'uint8'),
            'y_train': Array('y_train', (n_train,), 'uint8'),
            'x_test': Array('x_test', (n_test, *shape), 'uint8'),
            'y_test': Array('y_test', (n_test,), 'uint8')}
