"""The charts under pointer and keys: zoom that new data leave alone, other axes, and files of them."""

import csv
import os
import re
import struct
import time
import xml.etree.ElementTree as ElementTree

import harness
from window import Window, fresh

SVG = '{http://www.w3.org/2000/svg}'


def number(text):
    return int(text.replace(',', ''))


def test(app, tap):
    window = Window(app)

    with tap.step('the window opens, trains for a while and pauses', needed=True):
        window.start()
        window.wait_status(r'^Ready')
        train_past(app, window, 60)
        tap.note(window.loss.name)

    zoom(app, tap, window)
    reading(app, tap, window)
    other_charts(app, tap, window)
    files(app, tap, window)

    with tap.step('every control has a name'):
        window.lint()

    with tap.step('GTK has nothing to complain of'):
        window.check_stderr()


def train_past(app, window, step):
    """Trains until a step is behind, and pauses."""
    window.focus_chart()
    # Under the pointer the chart tells of another step than the newest.
    app.hover(window.pad)
    app.key('space')
    app.wait_until(lambda: window.step() > step, 60, f'step {step}')
    app.key('space')
    window.wait_training(False)
    window.wait_still()


def fit_button(app, window):
    return app.find('push button', r'^Fit', within=window.frame)


def is_following(app, window):
    return not fresh(fit_button(app, window)).has_state('sensitive')


def read_ends(app, window):
    """The first and the last step in view, by the keys that read them out."""
    window.focus_chart()
    time.sleep(0.4)
    app.key('ctrl+End', 'ctrl+Home')
    time.sleep(0.3)
    first = window.step()
    app.key('ctrl+End')
    app.wait_until(lambda: window.step() > first, 3, 'the reading line at the other end')
    last = window.step()
    app.key('Escape')
    return first, last


def wheel(app, window, button, modifier=None):
    app.hover(window.loss, 300, 120)
    if modifier:
        app.xdotool('keydown', modifier)
    app.xdotool('click', button)
    if modifier:
        app.xdotool('keyup', modifier)


def zoom(app, tap, window):
    # The trained part is at the left of a plot that is planned for five epochs.
    with tap.step('dragging zooms', needed=True):
        assert is_following(app, window)
        app.drag(window.loss, [(62, 150), (70, 150), (76, 150)])
        app.wait_until(lambda: not is_following(app, window), 3, 'Fit to become sensitive')
        ends = read_ends(app, window)
        tap.note(f'steps {ends}')
        assert ends[0] > 10, ends

    with tap.step('Shift and drag move the part in view'):
        app.xdotool('keydown', 'shift')
        app.drag(window.loss, [(200, 150), (260, 150), (320, 150)])
        app.xdotool('keyup', 'shift')
        moved = read_ends(app, window)
        tap.note(f'steps {moved}')
        assert moved[0] < ends[0], (ends, moved)

    with tap.step('Shift+Right moves it, too'):
        window.focus_chart()
        app.key('shift+Right')
        by_key = read_ends(app, window)
        assert by_key[0] > moved[0], (moved, by_key)

    with tap.step('the wheel alone does nothing, with Alt or Ctrl it zooms'):
        for button in '4', '5':
            wheel(app, window, button)
        assert read_ends(app, window) == by_key
        wheel(app, window, '4', 'alt')
        closer = read_ends(app, window)
        assert closer[1] - closer[0] < by_key[1] - by_key[0], (by_key, closer)
        wheel(app, window, '5', 'ctrl')
        wider = read_ends(app, window)
        tap.note(f'{by_key}, closer {closer}, wider {wider}')
        assert wider[1] - wider[0] > closer[1] - closer[0], (closer, wider)

    with tap.step('new data leave the zoom alone'):
        train_past(app, window, window.step() + 60)
        full = read_ends(app, window)
        train_past(app, window, window.step() + 20)
        after = read_ends(app, window)
        tap.note(f'{full}, then {after} of {window.step()} steps')
        assert full[0] == wider[0] and after == full, (wider, full, after)
        assert after[1] < window.step(), 'the newest steps are to the right of it'
        assert not is_following(app, window)

    with tap.step('a new run leaves it alone'):
        window.focus_chart()
        app.key('r')
        time.sleep(0.5)
        app.key('ctrl+z')
        time.sleep(0.5)
        assert not is_following(app, window)

    with tap.step('double click follows again'):
        app.click(window.loss, 300, 120, count=2)
        app.wait_until(lambda: is_following(app, window), 3, 'Fit to become insensitive')
        first, last = read_ends(app, window)
        assert first == 1 and last == window.wait_still(), (first, last)


def reading(app, tap, window):
    with tap.step('the pointer reads values off'):
        newest = window.step()
        # Where the run was at its first steps: the plot's left edge.
        app.hover(window.loss, 58, 150)
        app.wait_until(lambda: 0 < window.step() < newest, 3, 'an earlier step')
        tap.note(window.loss.name)
        app.hover(window.pad)
        app.wait_until(lambda: window.step() == newest, 3, 'the last step again')


def open_choices(app, window, name):
    app.click(app.find('push button', r'^Charts', within=window.frame))
    check = app.find('check box', rf'^{name}', within=window.frame)
    app.wait_until(lambda: fresh(check).on_screen, 3, f'{name} on the screen')
    return check


def close_choices(app, window, check):
    app.key('Escape')
    app.wait_gone('check box', rf'^{check.name}', within=window.frame)
    # The button feels the pointer anew when it comes from elsewhere.
    app.hover(window.pad)


def choose(app, window, name):
    check = open_choices(app, window, name)
    app.click(check)
    close_choices(app, window, check)


def other_charts(app, tap, window):
    with tap.step('the learning rate has a chart'):
        choose(app, window, 'Learning rate')
        rate = app.find('image', r'^Learning rate, Run 1, 0\.001 at step', within=window.frame)
        app.wait_until(lambda: rate.on_screen, 3, 'the chart')
        assert window.loss.on_screen and window.accuracy.on_screen
        tap.note(rate.name)

    with tap.step('charts go, and the last one stays'):
        choose(app, window, 'Accuracy')
        app.wait_until(lambda: not fresh(window.accuracy).on_screen, 3, 'accuracy to go')
        choose(app, window, 'Learning rate')
        check = open_choices(app, window, 'Loss')
        assert not check.has_state('sensitive')
        close_choices(app, window, check)
        choose(app, window, 'Accuracy')
        app.wait_until(lambda: fresh(window.accuracy).on_screen, 3, 'accuracy again')

    with tap.step('on a logarithmic axis the first steps have room'):
        choose(app, window, 'Logarithmic x')
        time.sleep(0.5)
        app.hover(window.loss, 200, 150)
        app.wait_until(lambda: 1 < window.step() < 30, 3, 'one of the first steps')
        tap.note(window.loss.name)
        choose(app, window, 'Logarithmic x')


def export(app, window, item):
    app.click(app.find('push button', r'^Export', within=window.frame))
    entry = app.find('menu item', rf'^{item}', within=window.frame)
    app.wait_until(lambda: entry.on_screen, 3, item)
    app.click(entry)


def save(app, window, item, title, name):
    path = app.path(name)
    export(app, window, item)
    window.choose_file(path, title)
    # Toasts show one after the other.
    window.wait_toast(rf'^Saved {re.escape(name)}$', timeout=40)
    with open(path, 'rb') as file:
        return file.read()


def files(app, tap, window):
    with tap.step('a PNG of two pixels for one'):
        data = save(app, window, 'Save picture as', 'Save the picture', 'charts.png')
        assert data[:8] == b'\x89PNG\r\n\x1a\n'
        width, height = struct.unpack('>II', data[16:24])
        tap.note(f'{width} × {height}, {len(data):,} bytes')
        assert width == 1920 and height > 1200, (width, height)

    with tap.step('an SVG with its titles'):
        root = ElementTree.fromstring(
            save(app, window, 'Save picture as', 'Save the picture', 'charts.svg'))
        assert root.tag == SVG + 'svg', root.tag
        assert root.find(SVG + 'title').text == 'convnet'
        assert root.find(SVG + 'desc').text == 'Loss, Accuracy: Run 1'

    with tap.step('a PDF of one page'):
        data = save(app, window, 'Save picture as', 'Save the picture', 'charts.pdf')
        assert data.startswith(b'%PDF-') and data.rstrip().endswith(b'%%EOF'), data[:20]
        assert b'/MediaBox [ 0 0 720 ' in data

    with tap.step('a table of the figures that were seen'):
        text = save(app, window, r'Save figures', 'Save the figures', 'figures.csv').decode()
        assert text.endswith('\r\n')
        rows = list(csv.DictReader(text.splitlines()))
        steps = [row for row in rows if row['kind'] == 'train']
        tap.note(f'{len(rows)} rows, {len(steps)} of them steps')
        assert [int(row['step']) for row in steps] == list(range(1, window.step() + 1))
        assert {row['run'] for row in rows} == {'Run 1'}
        assert all(float(row['rate']) == 0.001 or abs(float(row['rate']) - 0.001) < 1e-9
                   for row in steps)
        assert any(row['kind'] == 'sample' for row in rows)
        assert float(steps[-1]['loss']) < 1.5

    with tap.step('a file that cannot be is said to be none'):
        export(app, window, 'Save picture as')
        window.choose_file('/proc/charts.png', 'Save the picture')
        window.wait_toast(r'^Could not save', timeout=40)
        assert not os.path.exists('/proc/charts.png')

    with tap.step('a picture is copied'):
        export(app, window, 'Copy picture')
        window.wait_toast(r'^Picture copied$', timeout=40)


harness.run(test)
