"""A convolutional network of one's own, from nothing to a moving curve in at most twelve actions: by pointer
alone, and by keys alone. A word that is typed, and a key with its modifiers, are one action each."""

import harness
from window import Window

LIMIT = 12


class Counted:
    """Does actions and counts them."""

    def __init__(self, app):
        self.app = app
        self.done = []

    def click(self, what, node):
        self.app.click(node)
        self.done.append(f'click {what}')

    def key(self, key):
        self.app.key(key)
        self.done.append(key)

    def type(self, word):
        self.app.type_text(word)
        self.done.append(f'"{word}"')


def test(app, tap):
    window = Window(app)

    with tap.step('the window opens', needed=True):
        window.start()
        window.wait_status(r'^Ready')

    by_pointer(app, tap, window)
    by_keys(app, tap, window)

    with tap.step('GTK has nothing to complain of'):
        window.check_stderr()


def finish(app, tap, window, counted):
    app.wait_until(lambda: window.step() > 0, 20, 'the curve to move')
    kinds = window.kinds()
    tap.note(f'{len(counted.done)} actions: ' + ', '.join(counted.done))
    tap.note(', '.join(window.cards()[1:]))
    assert len(counted.done) <= LIMIT, len(counted.done)
    assert kinds.count('Conv2D') == 2 and 'Dense' in kinds, kinds
    assert any('Pooling' in kind for kind in kinds), kinds
    app.wait_until(lambda: window.step() > 20, 20, 'the curve to go on')
    app.click(window.train)
    window.wait_training(False)


def by_pointer(app, tap, window):
    with tap.step('by pointer, from empty to a moving curve in twelve actions'):
        counted = Counted(app)
        counted.click('Presets', app.find('push button', r'^Presets', within=window.frame))
        counted.click('Start empty', app.find('menu item', r'^Start empty', within=window.frame))
        window.wait_kinds()
        counted.click('Conv2D', app.find('push button', r'^Add Conv2D', within=window.frame))
        window.wait_kinds('Conv2D')
        for kind, now in (('MaxPooling2D', ['Conv2D', 'MaxPooling2D']),
                          ('Conv2D', ['Conv2D', 'MaxPooling2D', 'Conv2D'])):
            counted.click('Add layer', app.find('push button', r'^Add layer', within=window.frame))
            counted.click(kind, app.find('list item', rf'^{kind}$', within=window.frame))
            window.wait_kinds(*now)
        counted.click('the fix', app.find('push button', r'^Add Dense with 10 units', within=window.layers))
        app.wait_until(lambda: window.train.has_state('sensitive'), 3, 'Train to be on')
        counted.click('Train', window.train)
        finish(app, tap, window, counted)


def by_keys(app, tap, window):
    with tap.step('by keys, likewise', needed=True):
        counted = Counted(app)
        window.focus_chart()
        counted.key('ctrl+shift+n')
        window.wait_kinds()
        counted.key('ctrl+l')
        app.find('list', r'^Layers to add')
        now = []
        for word, kind, key in (('conv', 'Conv2D', 'ctrl+Return'), ('maxp', 'MaxPooling2D', 'ctrl+Return'),
                                ('conv', 'Conv2D', 'Return')):
            counted.type(word)
            counted.key(key)
            now.append(kind)
            window.wait_kinds(*now)
        app.wait_gone('list', r'^Layers to add')
        counted.key('ctrl+period')
        app.wait_until(lambda: window.train.has_state('sensitive'), 3, 'Train to be on')
        counted.key('F5')
        finish(app, tap, window, counted)


harness.run(test)
