"""The list of runs in the real window: fork, rename, note, colour, hide, delete and undo."""

import re

import harness
from window import Window, fresh


class Runs:
    """The list, its menu and its popovers."""

    def __init__(self, app, window):
        self.app = app
        self.top = app.find('tree table', r'^Runs$', within=window.frame)
        while self.top.name != 'LwRunsList':
            self.top = self.top.parent

    def find(self, role, name=None):
        return self.app.find(role, name, within=self.top)

    def wait_gone(self, role, name):
        self.app.wait_gone(role, name, within=self.top)

    def names(self):
        """The head of the list is a row as well, without a name."""
        return [row.name for row in self.app.find_all('table row', r'^(?!Gtk)', within=self.top)]

    def wait(self, *wanted):
        self.app.wait_until(lambda: self.names() == list(wanted), 5, f'the runs {wanted}')

    def click(self, name, button=1):
        self.app.click(self.find('table row', rf'^{name}$'), 200, 18, button=button)


def wait_no_toast(app, window):
    app.wait_gone('push button', r'^Undo( Undo)$', timeout=12, within=window.frame)


def reading(window):
    """What both charts say of the newest step, without the run's name."""
    return [re.sub(r', Run \d+', '', fresh(chart).name) for chart in (window.loss, window.accuracy)]


def test(app, tap):
    window = Window(app)

    with tap.step('two steps of a run, and a fork of it', needed=True):
        window.start()
        window.wait_status(r'^Ready · ')
        for step in (1, 2):
            app.key('Right')
            app.wait_until(lambda: window.step() == step, 10, f'step {step}')
        runs = Runs(app, window)
        runs.wait('Run 1')
        runs.click('Run 1', button=3)
        app.click(runs.find('menu item', r'^Fork Here'))
        runs.wait('Run 2', 'Run 1')
        wait_no_toast(app, window)

    with tap.step('parent and fork both go on from there, to the same values when nothing is changed'):
        window.focus_chart()
        app.key('Right')
        app.wait_until(lambda: window.step() == 3, 10, 'step 3 of the fork')
        fork = reading(window)
        runs.click('Run 1', button=3)
        app.click(runs.find('menu item', r'^Go On With This'))
        window.wait_status(r'step 2$')
        window.focus_chart()
        app.key('Right')
        app.wait_until(lambda: window.step() == 3, 10, 'step 3 of its parent')
        parent = reading(window)
        tap.note(f'{fork} | {parent}')
        assert fork == parent
        runs.click('Run 2', button=3)
        app.click(runs.find('menu item', r'^Go On With This'))
        wait_no_toast(app, window)

    with tap.step('Compare needs two visible runs'):
        compare = runs.find('push button', r'^_Compare')
        assert compare.has_state('sensitive')
        eye = runs.find(None, r'^Run 1 in the charts$')
        app.click(eye)
        app.wait_until(lambda: not compare.has_state('sensitive'), 3, 'Compare to be insensitive')
        app.click(eye)
        app.wait_until(lambda: compare.has_state('sensitive'), 3, 'Compare to be sensitive')

    with tap.step('with nothing changed there is nothing to compare but the results'):
        app.click(compare)
        table = app.find(name=r'^Compare Runs$')
        app.find('label', r'^2 runs · the same settings$', within=table)
        found = app.find('list item', r'^train loss: Run 2 [\d.]+, Run 1 [\d.]+$', within=table)
        tap.note(found.name)
        app.key('Escape')
        app.wait_gone(name=r'^Compare Runs$')

    with tap.step('a click selects a run, and the chart tells of it'):
        runs.click('Run 1')
        app.wait_until(lambda: re.match(r'Loss, Run 1,', fresh(window.loss).name), 5, 'Run 1 in the chart')
        runs.find('push button', r'^More on Run 1$')

    with tap.step('the arrow keys do as well'):
        app.key('Up')
        app.wait_until(lambda: re.match(r'Loss, Run 2,', fresh(window.loss).name), 5, 'Run 2 in the chart')

    with tap.step('F2 renames it in its place, and Ctrl+Z takes that back'):
        app.key('F2')
        runs.find('text', r'^Name of the run$')
        app.type_text('baseline')
        app.key('Return')
        runs.wait('baseline', 'Run 1')
        app.wait_until(lambda: re.match(r'Loss, baseline,', fresh(window.loss).name), 5, 'its name in the chart')
        app.key('ctrl+z')
        runs.wait('Run 2', 'Run 1')
        app.key('ctrl+shift+z')
        runs.wait('baseline', 'Run 1')

    with tap.step('Escape leaves the name as it was'):
        runs.click('baseline')
        app.key('F2')
        runs.find('text', r'^Name of the run$')
        app.type_text('other')
        app.key('Escape')
        runs.wait_gone('text', r'^Name of the run$')
        runs.wait('baseline', 'Run 1')

    with tap.step('a note, by the Menu key'):
        app.key('Menu')
        runs.find('menu item', r'^Note')
        app.key('n')
        runs.find('text', r'^Note on baseline$')
        app.type_text('for the talk')
        app.key('Return')
        runs.find('label', r'^for the talk$')

    with tap.step('a colour and dash, by the button on the row'):
        runs.wait_gone('text', r'^Note on baseline$')
        app.click(runs.find('push button', r'^More on baseline$'))
        app.click(runs.find('menu item', r'^Colour and Dash'))
        app.click(runs.find('push button', r'^Green, dashed$'))
        runs.wait_gone('push button', r'^Green, dashed$')
        window.frame.act('win.undo')
        app.click(runs.find('push button', r'^More on baseline$'))
        app.click(runs.find('menu item', r'^Colour and Dash'))
        own = runs.find('push button', r'^Orange, dashed$')
        app.wait_until(lambda: own.has_state('pressed'), 3, 'the colour from before')
        app.key('Escape')
        runs.wait_gone('push button', r'^Orange, dashed$')

    with tap.step('another learning rate: the table says so', needed=True):
        window.set_number('Optimizer', 'Learning rate', '0.01')
        window.focus_chart()
        step = window.step()
        app.key('Right')
        app.wait_until(lambda: window.step() == step + 1, 10, 'one more step')
        runs.wait('baseline', 'Run 1')
        app.click(compare)
        table = app.find(name=r'^Compare Runs$')
        app.find('list item', r'^last learning rate: baseline 0\.01, Run 1 0\.001$', within=table)
        app.key('Escape')
        app.wait_gone(name=r'^Compare Runs$')

    with tap.step('only this in the charts'):
        app.key('shift+F10')
        runs.find('menu item', r'^Show Only This')
        app.key('o')
        eye = runs.find(None, r'^Run 1 in the charts$')
        app.wait_until(lambda: not eye.has_state('pressed'), 3, 'Run 1 to be hidden')

    with tap.step('Delete deletes, the toast takes it back'):
        runs.click('baseline')
        app.key('Delete')
        app.click(window.toast_button('Undo'))
        runs.wait('baseline', 'Run 1')
        runs.find('label', r'^for the talk$')

    with tap.step('Space trains with the focus on a run'):
        wait_no_toast(app, window)
        runs.click('baseline')
        app.key('space')
        window.wait_training(True)
        app.key('space')
        window.wait_training(False)

    with tap.step('every control has a name'):
        nameless = [node for node in app.find_all(name=r'^(Gtk|Adw|Lw)[A-Z]', within=runs.top)
                    if node.role in ('push button', 'text', 'image')]
        assert not nameless, nameless

    with tap.step('GTK has nothing to complain of'):
        window.check_stderr()


harness.run(test)
