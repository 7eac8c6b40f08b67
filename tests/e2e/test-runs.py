"""The list of runs in the real window: fork, rename, note, colour, hide, delete and undo."""

import re

import harness
from window import Window, fresh


def rows(app, window):
    """The head of the list is a row as well, without a name."""
    return app.find_all('table row', r'^(?!Gtk)', within=window.frame)


def names(app, window):
    return [row.name for row in rows(app, window)]


def wait_names(app, window, *wanted):
    app.wait_until(lambda: names(app, window) == list(wanted), 5, f'the runs {wanted}')


def row(app, window, name):
    return app.find('table row', rf'^{name}$', within=window.frame)


def wait_no_toast(app, window):
    app.wait_gone('push button', r'^Undo( Undo)$', timeout=12, within=window.frame)


def test(app, tap):
    window = Window(app)

    with tap.step('two steps of a run, and a fork of it', needed=True):
        window.start()
        window.wait_status(r'^Ready · ')
        for step in (1, 2):
            app.key('Right')
            app.wait_until(lambda: window.step() == step, 10, f'step {step}')
        wait_names(app, window, 'Run 1')
        app.click(row(app, window, 'Run 1'), 200, 18, button=3)
        app.click(app.find('menu item', r'^Fork Here', within=window.frame))
        wait_names(app, window, 'Run 2', 'Run 1')
        wait_no_toast(app, window)

    with tap.step('Compare needs two visible runs'):
        compare = app.find('push button', r'^_Compare', within=window.frame)
        assert compare.has_state('sensitive')
        eye = app.find(name=r'^Run 1 in the charts$', within=window.frame)
        app.click(eye)
        app.wait_until(lambda: not compare.has_state('sensitive'), 3, 'Compare to be insensitive')
        app.click(eye)
        app.wait_until(lambda: compare.has_state('sensitive'), 3, 'Compare to be sensitive')

    with tap.step('a click selects a run, and the chart tells of it'):
        app.click(row(app, window, 'Run 1'), 200, 18)
        app.wait_until(lambda: re.match(r'Loss, Run 1,', fresh(window.loss).name), 5, 'Run 1 in the chart')
        app.find('push button', r'^More on Run 1$', within=window.frame)

    with tap.step('the arrow keys do as well'):
        app.key('Up')
        app.wait_until(lambda: re.match(r'Loss, Run 2,', fresh(window.loss).name), 5, 'Run 2 in the chart')

    with tap.step('F2 renames it in its place, and Ctrl+Z takes that back'):
        app.key('F2')
        app.find('text', r'^Name of the run$', within=window.frame)
        app.type_text('baseline')
        app.key('Return')
        wait_names(app, window, 'baseline', 'Run 1')
        app.wait_until(lambda: re.match(r'Loss, baseline,', fresh(window.loss).name), 5, 'its name in the chart')
        app.key('ctrl+z')
        wait_names(app, window, 'Run 2', 'Run 1')
        app.key('ctrl+shift+z')
        wait_names(app, window, 'baseline', 'Run 1')

    with tap.step('Escape leaves the name as it was'):
        app.click(row(app, window, 'baseline'), 200, 18)
        app.key('F2')
        app.find('text', r'^Name of the run$', within=window.frame)
        app.type_text('other')
        app.key('Escape')
        app.wait_gone('text', r'^Name of the run$', within=window.frame)
        wait_names(app, window, 'baseline', 'Run 1')

    with tap.step('a note, by the Menu key'):
        app.key('Menu')
        app.find('menu item', r'^Note', within=window.frame)
        app.key('n')
        app.find('text', r'^Note on baseline$', within=window.frame)
        app.type_text('for the talk')
        app.key('Return')
        app.find('label', r'^for the talk$', within=window.frame)

    with tap.step('a colour and dash, by the button on the row'):
        app.wait_gone('text', r'^Note on baseline$', within=window.frame)
        app.click(app.find('push button', r'^More on baseline$', within=window.frame))
        app.click(app.find('menu item', r'^Colour and Dash', within=window.frame))
        app.click(app.find('push button', r'^Green, dashed$', within=window.frame))
        app.wait_gone('push button', r'^Green, dashed$', within=window.frame)
        window.frame.act('win.undo')
        app.click(app.find('push button', r'^More on baseline$', within=window.frame))
        app.click(app.find('menu item', r'^Colour and Dash', within=window.frame))
        own = app.find('push button', r'^Orange, dashed$', within=window.frame)
        app.wait_until(lambda: own.has_state('pressed'), 3, 'the colour from before')
        app.key('Escape')
        app.wait_gone('push button', r'^Orange, dashed$', within=window.frame)

    with tap.step('only this in the charts'):
        app.key('shift+F10')
        app.find('menu item', r'^Show Only This', within=window.frame)
        app.key('o')
        eye = app.find(name=r'^Run 1 in the charts$', within=window.frame)
        app.wait_until(lambda: not eye.has_state('pressed'), 3, 'Run 1 to be hidden')

    with tap.step('Delete deletes, the toast takes it back'):
        app.click(row(app, window, 'baseline'), 200, 18)
        app.key('Delete')
        app.click(window.toast_button('Undo'))
        wait_names(app, window, 'baseline', 'Run 1')
        app.find('label', r'^for the talk$', within=window.frame)

    with tap.step('Space trains with the focus on a run'):
        wait_no_toast(app, window)
        app.click(row(app, window, 'baseline'), 200, 18)
        app.key('space')
        window.wait_training(True)
        app.key('space')
        window.wait_training(False)

    with tap.step('every control has a name'):
        window.lint()

    with tap.step('GTK has nothing to complain of'):
        window.check_stderr()


harness.run(test)
