"""The Code page: a script that follows the cards, is copied, saved and run."""

import json
import os
import re
import subprocess
import sys

import harness
from window import Window, fresh

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONVNET = ['Conv2D', 'MaxPooling2D', 'Conv2D', 'MaxPooling2D', 'Flatten', 'Dropout', 'Dense']


class Code:
    """The Code page of a window."""

    def __init__(self, app, window):
        self.app = app
        self.window = window

    def open(self):
        self.app.key('alt+2')
        self.body = self.app.find('text', r'^Keras script', within=self.window.frame)
        self.wait_focus()

    def wait_focus(self):
        self.app.wait_until(lambda: self.body.has_state('focused'), 3, 'the focus on the script')

    def leave(self):
        self.app.key('alt+1')
        self.wait_train()

    def wait_train(self):
        self.app.find('list', r'^Layers$', within=self.window.frame)
        self.app.wait_gone('text', r'^Keras script', within=self.window.frame)

    @property
    def text(self):
        return fresh(self.body).text

    def wait_text(self, pattern):
        def matches():
            return re.search(pattern, self.text, re.M)

        try:
            return self.app.wait_until(matches, 5, f'/{pattern}/ in the script')
        except harness.Failure as failure:
            raise harness.Failure(f'{failure}; it is\n{self.text}') from None

    def button(self, name):
        return self.app.find('push button', rf'^{name}', within=self.window.frame)


def run_script(path):
    """What the script asks Keras for, where Keras only remembers it."""
    program = ('import json, sys; sys.path.insert(0, sys.argv[1]); import keras_script; '
               'json.dump(keras_script.run(sys.argv[2]), sys.stdout)')
    result = subprocess.run([sys.executable, '-c', program, TESTS, path], capture_output=True, text=True,
                            check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def tabs(app, window):
    """The pages' names in the switchers that are to be seen, and how far down they are."""
    return [(node.name, node.extents[1]) for node in app.find_all('page tab', within=window.frame)]


def set_filters(app, window, number):
    card = window.card(r'^Conv2D conv2d,')
    app.click(card, 100, 14)
    app.click(app.find('spin button', r'^Filters', within=card), 20)
    app.key('ctrl+a')
    app.type_text(number)
    app.key('Return', 'Escape')
    window.card(rf'^Conv2D conv2d, {number} filters')


def test(app, tap):
    window = Window(app)
    code = Code(app, window)

    with tap.step('the window opens with the convnet', needed=True):
        window.start()
        window.wait_kinds(*CONVNET)
        window.wait_status(r'^Ready')

    with tap.step('the switcher has the pages that exist, and no others'):
        names = [name for name, unused in tabs(app, window)]
        assert names == ['Train', 'Code'], names

    with tap.step('Alt+2 shows the script of the model, with the focus on it', needed=True):
        code.open()
        code.wait_text(r'^ {4}layers\.Conv2D\(32, 3, activation="relu"\),  # 26 x 26 x 32 +320$')
        app.wait_gone('list', r'^Layers$', within=window.frame)

    training(app, tap, window, code)
    follow(app, tap, window, code)
    selection(app, tap, window, code)
    copy(app, tap, window, code)
    settings(app, tap, window, code)
    fault(app, tap, window, code)
    fold(app, tap, window, code)
    save(app, tap, window, code)

    with tap.step('GTK has nothing to complain of'):
        window.check_stderr()


def training(app, tap, window, code):
    with tap.step('Space trains and pauses, the header bar\'s buttons work'):
        app.key('space')
        window.wait_training(True)
        window.wait_status(r'^Epoch 1 of 5')
        app.key('space')
        window.wait_training(False)
        code.wait_focus()
        app.click(app.find('push button', r'^Step$', within=window.frame))
        window.wait_status(r'^Paused')
        app.click(app.find('push button', r'^Reset$', within=window.frame))
        window.wait_status(r'^Ready')

    with tap.step('a click on the switcher changes the page as well, and Space still trains'):
        app.click(app.find('page tab', r'^Train$', within=window.frame))
        app.wait_until(lambda: window.loss.has_state('focused'), 3, 'the focus on the loss chart')
        app.click(app.find('page tab', r'^Code$', within=window.frame))
        code.wait_focus()
        app.key('space')
        window.wait_training(True)
        app.key('space')
        window.wait_training(False)


def follow(app, tap, window, code):
    with tap.step('a card changes, and so does its line'):
        code.leave()
        set_filters(app, window, '24')
        code.open()
        code.wait_text(r'^ {4}layers\.Conv2D\(24, 3, activation="relu"\),  # 26 x 26 x 24 +240$')

    with tap.step('Ctrl+Z on the page takes the change back'):
        app.key('ctrl+z')
        code.wait_text(r'^ {4}layers\.Conv2D\(32, 3')
        app.key('ctrl+shift+z')
        code.wait_text(r'^ {4}layers\.Conv2D\(24, 3')


def selected(window):
    return [node.name for node in window.card_nodes() if node.has_state('selected')]


def selection(app, tap, window, code):
    with tap.step('a click on a layer\'s line selects its card'):
        lines = code.text.split('\n')
        row = next(i for i, line in enumerate(lines) if line.startswith('    layers.Dropout'))
        rectangle = fresh(code.body).accessible.get_text_iface().get_character_extents(
            sum(len(line) + 1 for line in lines[:row]) + 8, harness.Atspi.CoordType.WINDOW)
        tap.note(f'line {row + 1} at {rectangle.x},{rectangle.y}')
        left, top = code.body.extents[:2]
        app.click(code.body, rectangle.x - left + 2, rectangle.y - top + rectangle.height / 2)
        code.leave()
        app.wait_until(lambda: selected(window)[0].startswith('Dropout'), 3, 'the card Dropout selected')

    with tap.step('arrow keys in the script select as well'):
        code.open()
        app.key('Down')
        code.leave()
        app.wait_until(lambda: selected(window)[0].startswith('Dense'), 3, 'the card Dense selected')


def copy(app, tap, window, code):
    with tap.step('Copy takes the whole script'):
        code.open()
        script = code.text
        app.click(code.button('Copy'))
        window.wait_toast(r'^Script copied$')
        # Into an entry, to see what the clipboard has.
        code.leave()
        app.click(app.find('push button', r'^Add layer', within=window.frame))
        app.find('list', r'^Layers to add')
        app.key('ctrl+v')
        entry = app.find('entry', r'^Find a layer', within=window.frame)
        app.wait_until(lambda: entry.text, 3, 'the clipboard in the entry')
        assert entry.text == script, entry.text
        app.key('Escape')
        app.wait_gone('list', r'^Layers to add')


def save(app, tap, window, code):
    path = app.path('my script.py')

    with tap.step('Save As… writes the script into a file'):
        script = code.text
        app.click(code.button('Save As'))
        window.choose_file(path, 'Save the script')
        window.wait_toast(r'^Saved my script\.py$')
        with open(path, encoding='utf-8') as file:
            assert file.read() == script

    with tap.step('the file runs, and builds and trains what the window shows'):
        record = run_script(path)
        made = record['model']['layers']
        assert [layer['class_name'] for layer in made] == ['InputLayer', *CONVNET], made
        assert made[1]['config']['filters'] == 24, made[1]
        assert record['compile']['optimizer']['class_name'] == 'Adam'
        assert record['fit']['batch_size'] == 128 and record['fit']['epochs'] == 3, record['fit']
        assert record['fit']['x']['shape'] == [60000, 28, 28, 1], record['fit']['x']
        assert record['save'] == 'convnet.keras', record['save']

    with tap.step('what cannot be saved is told'):
        app.click(code.button('Save As'))
        window.choose_file('/proc/script.py', 'Save the script')
        heading = r'^The file could not be saved$'
        app.find('label', heading)
        app.find('label', r'^/proc/script\.py could not be saved: .*free some space or choose another place')
        app.key('Escape')
        app.wait_gone('label', heading)


def settings(app, tap, window, code):
    with tap.step('a switch takes its part out of the script'):
        code.open()
        switch = app.find('check box', r'^Load and scale the data', within=window.frame)
        app.click(switch)
        app.wait_until(lambda: 'load_data' not in code.text, 3, 'no data in the script')
        code.wait_text(r'^# x_train and x_test are images')

    with tap.step('without a pointer: Tab leads to the rows, Return turns their switches'):
        app.key('Tab')
        row = app.find('list item', r'^Load and scale the data', within=window.frame)
        app.wait_until(lambda: any(node.has_state('focused') for node in row.walk()), 3,
                       f'the focus on {row}')
        app.key('Return')
        code.wait_text(r'mnist\.load_data\(\)')

    with tap.step('every control has a name'):
        window.lint()

    with tap.step('the settings of the run are in it'):
        code.leave()
        window.set_number('Run', 'Epochs', '3')
        code.open()
        code.wait_text(r'epochs=3,')


def fault(app, tap, window, code):
    with tap.step('a model with a fault has a script that says so'):
        code.leave()
        app.click(window.card(r'^Flatten'), 100, 14)
        app.key('Delete')
        code.open()
        code.wait_text(r'^ {4}# Cannot train: The output of dense is 5×5×10')

    with tap.step('Show card leads to the card, on its page'):
        app.click(window.status_button(r'^Show card'))
        code.wait_train()
        app.find('push button', r'^Insert Flatten', within=window.layers)
        app.key('ctrl+z')
        window.wait_kinds(*CONVNET)


def resize(app, window, width, height):
    ids = subprocess.run(['xdotool', 'search', '--onlyvisible', '--name', 'Layerwise'], check=True,
                         capture_output=True, text=True).stdout.split()
    for window_id in ids:
        app.xdotool('windowsize', window_id, width, height)
    app.wait_until(lambda: abs(fresh(window.frame).extents[2] - width) <= 20, 5, f'a window {width} px wide')


def fold(app, tap, window, code):
    with tap.step('a narrow window has the switcher at the bottom, with the same pages'):
        code.open()
        resize(app, window, 720, 640)
        app.wait_until(lambda: [name for name, y in tabs(app, window) if y > 500] == ['Train', 'Code'], 5,
                       'the switcher at the bottom')
        assert len(tabs(app, window)) == 2, tabs(app, window)
        app.click(app.find('page tab', r'^Train$', within=window.frame))
        code.wait_train()

    with tap.step('F9 shows the settings as a flap there'):
        code.open()
        assert not app.find_all('check box', r'^Save the model', within=window.frame)
        app.key('F9')
        app.find('check box', r'^Save the model', within=window.frame)
        app.key('F9')
        app.wait_gone('check box', r'^Save the model', within=window.frame)
        code.wait_focus()

    with tap.step('a wide window has it in the header bar again'):
        resize(app, window, 1270, 790)
        app.wait_until(lambda: [name for name, y in tabs(app, window) if y < 60] == ['Train', 'Code'], 5,
                       'the switcher in the header bar')
        assert len(tabs(app, window)) == 2, tabs(app, window)


harness.run(test)
