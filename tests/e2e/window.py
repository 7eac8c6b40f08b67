"""Layerwise's window in the words of the tests: its cards, status line, charts, pad and bars.

The nodes are looked up once for each start, because a search through the whole tree takes a second;
what they say is read anew every time.
"""

import re
import time

from harness import Failure

# On the pad's 168 pixels, in whole pixels a step, so that two drawings are the same to the pixel.
SEVEN = (((44, 44), (116, 44)), ((116, 44), (76, 140)))


def fresh(node):
    """The node, with nothing remembered of it or of what is in it."""
    node.accessible.clear_cache()
    return node


class Window:
    def __init__(self, app):
        self.app = app

    def start(self, *arguments, **environment):
        self.app.start(*arguments, LW_THREADS='2', **environment)
        self.adopt()

    def adopt(self):
        """Looks up what stays as long as the window does, in one walk."""
        wanted = {
            'layers': ('list', r'^Layers'),
            'settings': ('list', r'^Training settings'),
            'train': ('push button', r'^(Train|Pause)'),
            'loss': ('image', r'^Loss,'),
            'accuracy': ('image', r'^Accuracy,'),
            'bars_list': ('list', r'^Probability of each digit'),
            'strip': ('table', r'^Test digits'),
            'pad': ('image', r'^Drawing pad'),
            'status_bar': ('status bar', r''),
        }

        def find():
            self.frame = self.app.find('frame', timeout=10)
            nodes = [(node.role, node.name, node) for node in self.frame.walk()]
            found = {key: next((node for role, name, node in nodes
                                if role == wanted_role and re.search(pattern, name)), None)
                     for key, (wanted_role, pattern) in wanted.items()}
            self.__dict__.update(found)
            self.missing = [key for key, node in found.items() if not node]
            return not self.missing

        try:
            self.app.wait_until(find, 10, 'the parts of the window')
        except Failure as failure:
            raise Failure(f'{failure}; missing are {self.missing}') from None

    # The status line

    @property
    def status(self):
        """What is to be seen; a screen reader is told of progress more seldom."""
        panel = fresh(self.status_bar).children[0]
        return next(node.name for node in panel.children if node.role == 'label')

    @property
    def spoken_status(self):
        return fresh(self.status_bar).name

    def wait_status(self, pattern, timeout=10):
        """Waits until the status line matches, and returns what it says."""
        said = set()

        def says():
            text = self.status
            said.add(text)
            return text if re.search(pattern, text) else None

        try:
            return self.app.wait_until(says, timeout, f'the status line to say /{pattern}/')
        except Failure as failure:
            raise Failure(f'{failure}; it says "{self.status}"') from None

    def status_button(self, name, timeout=5):
        return self.app.find('push button', name, timeout, within=self.status_bar)

    # The layers

    def card_nodes(self):
        """The cards from top to bottom, the input's first."""
        nodes = [node for node in fresh(self.layers).children if node.on_screen]
        return sorted(nodes, key=lambda node: node.extents[1])

    def cards(self, costs=False):
        """What the cards say; their shares of the time, which come a moment later, only if asked for."""
        names = [node.name for node in self.card_nodes()]
        return names if costs else [re.sub(', [0-9]+\u202f% of time', '', name) for name in names]

    def kinds(self):
        """`Conv2D`, `Dense`, …: the first words of the layers' cards."""
        return [name.split(' ')[0] for name in self.cards()[1:]]

    def card(self, pattern, timeout=5):
        def find():
            return next((node for node in self.card_nodes() if re.search(pattern, node.name)), None)

        return self.app.wait_until(find, timeout, f'a card /{pattern}/')

    def wait_kinds(self, *kinds, timeout=5):
        try:
            self.app.wait_until(lambda: self.kinds() == list(kinds), timeout, 'the layers')
        except Failure:
            raise Failure(f'the layers are {self.kinds()}, not {list(kinds)}') from None

    def setting(self, name):
        return next(node for node in fresh(self.settings).children if node.name.startswith(name))

    def wait_setting(self, text, timeout=5):
        row = self.setting(text.split(':')[0])
        self.app.wait_until(lambda: fresh(row).name.startswith(text), timeout, f'"{text}"')

    def set_number(self, setting, name, text):
        """Types a number into the popover of a setting, and closes it."""
        app = self.app
        row = self.setting(setting)
        app.click(row)
        app.click(app.find('spin button', rf'^{name}', within=row), 20)
        app.key('ctrl+a')
        app.type_text(text)
        app.key('Return', 'Escape')
        app.wait_gone('spin button', rf'^{name}', within=row)

    def choose_optimizer(self, name):
        app = self.app
        row = self.setting('Optimizer')
        app.click(row)
        app.click(app.find('combo box', r'^Kind', within=row))
        app.click(app.find('label', rf'^{name}$', within=row))
        self.wait_setting(f'Optimizer: {name}')
        app.key('Escape')
        app.wait_gone('combo box', r'^Kind', within=row)

    def load_preset(self, name):
        app = self.app
        app.click(app.find('push button', r'^Presets', within=self.frame))
        app.click(app.find('menu item', rf'^{name}$', within=self.frame))

    # Training

    def is_training(self):
        return fresh(self.train).name.startswith('Pause')

    def wait_training(self, training, timeout=10):
        self.app.wait_until(lambda: self.is_training() == training, timeout,
                            'training to ' + ('begin' if training else 'end'))

    def step(self):
        """The step that the loss chart tells of; 0 before the first."""
        found = re.search(r'at step ([\d,]+)', fresh(self.loss).name)
        return int(found.group(1).replace(',', '')) if found else 0

    def wait_still(self, timeout=5):
        """Waits until no step comes any more; returns the last."""
        def still():
            before = self.step()
            time.sleep(0.4)
            return self.step() == before

        self.app.wait_until(still, timeout, 'training to stand still')
        return self.step()

    def focus_chart(self):
        """The charts have keys of their own."""
        if not self.loss.has_state('focused'):
            self.app.click(self.loss, 200, 100)
        self.app.wait_until(lambda: self.loss.has_state('focused'), 3, 'the focus on the loss chart')

    # Answers

    def bars(self):
        """What the ten bars say: `7: 99.5 %`."""
        return [node.name for node in fresh(self.bars_list).children]

    def wait_bars(self, timeout=10):
        """Waits until the bars answer and stand still; returns what they say."""
        last = None

        def settled():
            nonlocal last
            before, last = last, self.bars()
            return last if before == last and not any('—' in text for text in last) else None

        return self.app.wait_until(settled, timeout, 'the bars to answer')

    def guesses(self):
        """What the tiles of test digits say: `Test image 61: guessed 8, is 8`."""
        return [node.name for node in fresh(self.strip).children]

    def wait_guesses(self, timeout=10):
        """Waits until every tile has a guess, and returns them."""
        def settled():
            texts = self.guesses()
            return texts if all('guessed' in text for text in texts) else None

        return self.app.wait_until(settled, timeout, 'a guess for every test digit')

    def draw(self, strokes=SEVEN):
        for stroke in strokes:
            self.app.drag(self.pad, stroke)

    # Files

    def choose_file(self, path, title):
        """Answers the file dialog by typing a whole path."""
        app = self.app
        dialog = app.find(name=f'^{title}', timeout=5)
        app.wait_until(lambda: dialog.on_screen, 3, 'the file dialog')
        time.sleep(0.3)
        app.key('ctrl+a')
        app.type_text(path)
        time.sleep(0.3)
        app.key('Return')

    def wait_toast(self, pattern, timeout=10):
        return self.app.find('label', pattern, timeout, within=self.frame)

    def toast_button(self, name, timeout=5):
        """GTK's label repeats the button's: `Undo Undo`. The header bar has an Undo as well."""
        def find():
            nodes = self.app.find_all('push button', rf'^{name}( {name})?$', within=self.frame)
            nodes = [node for node in nodes if node.extents[1] > 100]
            return nodes[0] if nodes else None

        return self.app.wait_until(find, timeout, f'the toast\'s button {name}')

    def lint(self):
        """The button in a drop-down is GTK's own, and the drop-down has the name; the icon in a page's tab
        is libadwaita's, and the tab has it. A toast's closing button is libadwaita's and has none: toasts
        are waited for to go."""
        nodes = []

        def clean():
            nodes[:] = [node for node in self.app.unlabelled()
                        if node.parent.role != 'combo box' and node.parent.name != 'AdwIndicatorBin']
            return not nodes

        try:
            self.app.wait_until(clean, 7, 'a name for every control')
        except Failure as failure:
            raise Failure(f'{failure}; without are {nodes}') from None

    def check_stderr(self):
        lines = [line for line in self.app.stderr().splitlines()
                 if re.search(r'WARNING|CRITICAL|ERROR', line)]
        assert not lines, lines
