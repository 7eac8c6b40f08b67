"""Drives the real window as a person would: found and read through AT-SPI, worked by real pointer
and keys on a display of its own.

A test is a function that takes an App and a Tap; `run` calls it and prints the plan:

    import harness

    def test(app, tap):
        with tap.step('the window opens', needed=True):
            app.start()
        with tap.step('Space trains'):
            app.key('space')
            app.find(role='push button', name='Pause', timeout=2)

    harness.run(test)

The program's path is the first argument of the test. When a step fails, a screenshot and the
accessibility tree are left in the directory `e2e-failures` of the build.

What GTK 4.8 tells AT-SPI, and what it does not: only the window has the state "showing", so a node
is on screen when its extents are not empty; extents are those of the content box, relative to
the X window; a popover is an X window of its own, so its children's extents are off by the
distance between where GTK lays it out and where it is shown. `App.position` puts that right.
libatspi keeps one connection for a process: one App to a test program.
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tap import Stop, Tap  # noqa: E402

# Before GLib is loaded: libatspi warns harmlessly, and this process must survive that.
os.environ.pop('G_DEBUG', None)
# The program under test has the real bridge, not the recorder that widget tests use.
os.environ.pop('GTK_A11Y', None)

import gi  # noqa: E402

gi.require_version('Atspi', '2.0')

from gi.repository import Atspi, GLib  # noqa: E402

warnings.simplefilter('ignore', DeprecationWarning)

POLL = 0.05
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Failure(Exception):
    """What a person would say went wrong, in one sentence."""


class Node:
    """One accessible object. Reads are live: nothing is remembered between two of them."""

    def __init__(self, accessible):
        self.accessible = accessible

    def __repr__(self):
        return f'{self.role} "{self.name}"'

    @property
    def role(self):
        return self.accessible.get_role_name()

    @property
    def name(self):
        return self.accessible.get_name() or ''

    @property
    def description(self):
        return self.accessible.get_description() or ''

    @property
    def parent(self):
        parent = self.accessible.get_parent()
        return Node(parent) if parent else None

    @property
    def children(self):
        found = []
        for index in range(self.accessible.get_child_count()):
            child = self.accessible.get_child_at_index(index)
            if child:
                found.append(Node(child))
        return found

    def walk(self):
        """This node and all below it. One that vanishes meanwhile is passed over."""
        yield self
        try:
            children = self.children
        except GLib.Error:
            return
        for child in children:
            yield from child.walk()

    @property
    def extents(self):
        """x, y, width, height in the X window; None for what has no place."""
        component = self.accessible.get_component_iface()
        if not component:
            return None
        rectangle = component.get_extents(Atspi.CoordType.WINDOW)
        return rectangle.x, rectangle.y, rectangle.width, rectangle.height

    @property
    def on_screen(self):
        extents = self.extents
        return extents is not None and extents[2] > 0 and extents[3] > 0

    def has_state(self, name):
        """`checked`, `pressed`, `focused`, `sensitive`, `selected`, `expanded`, …"""
        self.accessible.clear_cache()
        return self.accessible.get_state_set().contains(getattr(Atspi.StateType, name.upper()))

    @property
    def text(self):
        """What a label or an entry shows."""
        text = self.accessible.get_text_iface()
        if not text:
            raise Failure(f'{self} has no text')
        return Atspi.Text.get_text(text, 0, Atspi.Text.get_character_count(text))

    @property
    def value(self):
        """The number of a spin button, slider or progress bar."""
        value = self.accessible.get_value_iface()
        if not value:
            raise Failure(f'{self} has no value')
        return value.get_current_value()

    @value.setter
    def value(self, number):
        value = self.accessible.get_value_iface()
        if not value or not value.set_current_value(number):
            raise Failure(f'{self} does not take the value {number}')

    def actions(self):
        """Names of the actions that are enabled now."""
        names = []
        for index in range(self.accessible.get_n_actions()):
            try:
                names.append(self.accessible.get_action_name(index))
            except GLib.Error:
                names.append(None)
        return names

    def act(self, name):
        """Does one action: `click`, `toggle`, `activate`, or a window's `win.…`."""
        actions = self.actions()
        if name not in actions:
            raise Failure(f'{self} has no action {name}; it has {[a for a in actions if a]}')
        self.accessible.do_action(actions.index(name))

    def select_child(self, index):
        selection = self.accessible.get_selection_iface()
        if not selection or not selection.select_child(index):
            raise Failure(f'{self} cannot select its child {index}')


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def stop_process(process, grace=5):
    """Ends one process that was started here, by its id."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start_and_read(command, **options):
    """Starts a server that writes where it listens to the descriptor put in place of `{}`."""
    reader, writer = os.pipe()
    try:
        process = subprocess.Popen([word.format(writer) for word in command], pass_fds=[writer],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, preexec_fn=die_with_parent, **options)
    finally:
        os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.readline().strip()
    if not answer:
        raise Failure(f'{command[0]} did not start (exit status {process.wait()})')
    return process, answer


class App:
    """A display, a message bus, a home of its own, and the program in them."""

    def __init__(self, program, screen='1280x800x24'):
        self.program = program
        self.screen = screen
        self.process = None
        self.display = None
        self.bus = None
        self.home = None
        self.environment = None

    # Life

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix='layerwise-e2e-')
        try:
            self._open_session()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        self.stop()
        stop_process(self.bus)
        stop_process(self.display)
        shutil.rmtree(self.home, ignore_errors=True)

    def _open_session(self):
        self.display, number = start_and_read(
            ['Xvfb', '-displayfd', '{}', '-screen', '0', self.screen, '-nolisten', 'tcp', '-noreset'])

        environment = os.environ
        for name in ('WAYLAND_DISPLAY', 'XAUTHORITY', 'GTK_THEME', 'LANGUAGE', 'AT_SPI_BUS_ADDRESS',
                     'DESKTOP_STARTUP_ID', 'NO_AT_BRIDGE'):
            environment.pop(name, None)
        for kind in ('config', 'data', 'state', 'cache', 'runtime'):
            path = os.path.join(self.home, kind)
            os.mkdir(path, 0o700)
            environment['XDG_RUNTIME_DIR' if kind == 'runtime' else f'XDG_{kind.upper()}_HOME'] = path
        environment.update(
            DISPLAY=f':{number}',
            GDK_BACKEND='x11',
            GDK_DEBUG='gl-disable',
            GSK_RENDERER='cairo',
            GSETTINGS_BACKEND='memory',
            GTK_USE_PORTAL='0',
            GIO_USE_VFS='local',
            LC_ALL='C.UTF-8')

        # The bus hands its environment to what it starts, so it comes after.
        self.bus, environment['DBUS_SESSION_BUS_ADDRESS'] = start_and_read(
            ['dbus-daemon', '--session', '--nofork', '--nopidfile', '--print-address={}'])

        self.environment = dict(environment, G_DEBUG='fatal-warnings')

    def start(self, *arguments, timeout=20, **environment):
        """Starts the program and waits for its window. May be called again after `stop`."""
        with open(self.path('stdout'), 'ab') as stdout, open(self.path('stderr'), 'ab') as stderr:
            self.process = subprocess.Popen(
                [self.program, *arguments], env=dict(self.environment, **environment),
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=self.home,
                preexec_fn=die_with_parent)
        return self.wait_until(lambda: next((node for node in self.windows() if node.on_screen), None),
                               timeout, 'the window')

    def stop(self):
        stop_process(self.process)
        self.process = None

    def wait_exit(self, timeout=10):
        """Waits for the program to end by itself; returns its exit status."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f'the program still runs after {timeout} s') from None

    def path(self, name):
        """A file in the home of this session, which goes when the test ends."""
        return os.path.join(self.home, name)

    def stderr(self):
        with open(self.path('stderr'), encoding='utf-8', errors='replace') as file:
            return file.read()

    # Finding and reading

    def root(self):
        """The program's own accessible object, or None while it is not on the bus."""
        desktop = Atspi.get_desktop(0)
        desktop.clear_cache()
        for index in range(desktop.get_child_count()):
            application = desktop.get_child_at_index(index)
            try:
                if application and application.get_process_id() == self.process.pid:
                    application.clear_cache()
                    return Node(application)
            except GLib.Error:
                pass
        return None

    def windows(self):
        root = self.root()
        return root.children if root else []

    def n_nodes(self):
        root = self.root()
        return sum(1 for unused in root.walk()) if root else 0

    def find_all(self, role=None, name=None, within=None, hidden=False):
        """All nodes of this role whose name matches the regular expression, in tree order."""
        pattern = re.compile(name) if name is not None else None
        top = within or self.root()
        found = []
        if top is None:
            return found
        top.accessible.clear_cache()
        for node in top.walk():
            try:
                if role is not None and node.role != role:
                    continue
                if pattern and not pattern.search(node.name):
                    continue
                if hidden or node.on_screen:
                    found.append(node)
            except GLib.Error:
                continue
        return found

    def find(self, role=None, name=None, timeout=5, within=None, hidden=False):
        """The first such node; waits for it."""
        what = ' '.join(word for word in (role, f'/{name}/' if name is not None else None) if word)
        return self.wait_until(
            lambda: next(iter(self.find_all(role, name, within, hidden)), None), timeout, what)

    def wait_gone(self, role=None, name=None, timeout=5, within=None):
        self.wait_until(lambda: not self.find_all(role, name, within), timeout,
                        f'{role or ""} /{name or ""}/ to go')

    def wait_until(self, predicate, timeout=5, what='that'):
        """Calls `predicate` until it returns something true, and returns that. A node that has
        vanished counts as not yet; a program that has ended is a failure at once."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                result = predicate()
            except GLib.Error:
                result = None
            if result:
                return result
            if self.process and self.process.poll() is not None:
                raise Failure(f'waiting for {what}: the program ended with status '
                              f'{self.process.returncode}')
            if time.monotonic() > deadline:
                raise Failure(f'waited {timeout} s in vain for {what}')
            time.sleep(POLL)

    def unlabelled(self):
        """Controls without a label of their own: GTK then gives the type's name."""
        return [node for node in self.find_all(name=r'^(Gtk|Adw|Lw)[A-Z]\w+$')
                if node.role in ('check box', 'combo box', 'image', 'push button', 'slider',
                                 'spin button', 'text', 'toggle button')]

    # Pointer and keys

    def xdotool(self, *words):
        subprocess.run(['xdotool', *map(str, words)], check=True, stdout=subprocess.DEVNULL)

    def _x_windows(self):
        """title, x, y, width, height of the windows on the display, topmost first."""
        listing = subprocess.run(['xwininfo', '-root', '-children'], check=True,
                                 capture_output=True, text=True).stdout
        line = re.compile(r'^ +0x[0-9a-f]+ (?:\(has no name\)|"(.*)"): \(.*?\) +'
                          r'(\d+)x(\d+)\+-?\d+\+-?\d+ +\+(-?\d+)\+(-?\d+)$', re.M)
        return [(title, int(x), int(y), int(width), int(height))
                for title, width, height, x, y in line.findall(listing)
                if int(width) > 1 and int(height) > 1]

    def _origin(self, node):
        """Where on the display the extents of this node count from."""
        windows = self._x_windows()
        toplevel = node
        chain = []
        while toplevel.parent and toplevel.parent.role != 'application':
            chain.append(toplevel)
            toplevel = toplevel.parent

        width, height = toplevel.extents[2:]
        mains = [w for w in windows if w[0] == toplevel.name and w[3] >= width and w[4] >= height]
        if not mains:
            raise Failure(f'{toplevel} is not among the windows on the display: {windows}')
        main = min(mains, key=lambda w: (w[3] - width) + (w[4] - height))

        # The innermost popover around the node: it has the size of an X window, to the pixel.
        popups = [w for w in windows if w is not main]
        for ancestor in chain:
            extents = ancestor.extents
            for popup in popups:
                if extents and extents[2:] == popup[3:]:
                    return popup[1] - extents[0], popup[2] - extents[1]

        return main[1] + (main[3] - width) // 2, main[2] + (main[4] - height) // 2

    def position(self, node, x=None, y=None):
        """A point on the display: the middle of the node, or x, y from its upper left corner."""
        if not node.on_screen:
            raise Failure(f'{node} is not on the screen')
        left, top, width, height = node.extents
        origin_x, origin_y = self._origin(node)
        return (origin_x + left + (width // 2 if x is None else round(x)),
                origin_y + top + (height // 2 if y is None else round(y)))

    def hover(self, node, x=None, y=None):
        self.xdotool('mousemove', *self.position(node, x, y))

    def click(self, node, x=None, y=None, button=1, count=1):
        """A real click; in a popover as well. A popover that still opens is waited for."""
        self._settle(node)
        words = ['mousemove', *self.position(node, x, y), 'sleep', 0.05]
        for unused in range(count):
            words += ['mousedown', button, 'sleep', 0.03, 'mouseup', button, 'sleep', 0.03]
        self.xdotool(*words)

    def drag(self, node, points, button=1, pause=0):
        """Presses at the first of the points (x, y from the node's upper left corner), moves
        through the others 20 ms apart, and releases. Drag-and-drop wants a pause of 0.15 s."""
        self._settle(node)
        left, top = self.position(node, 0, 0)
        words = []
        last = None
        for x, y in points:
            if last is None:
                words += ['mousemove', round(left + x), round(top + y), 'sleep', 0.05,
                          'mousedown', button, 'sleep', pause or 0.02]
            else:
                steps = max(1, int(max(abs(x - last[0]), abs(y - last[1])) // 8))
                for step in range(1, steps + 1):
                    words += ['mousemove', round(left + last[0] + (x - last[0]) * step / steps),
                              round(top + last[1] + (y - last[1]) * step / steps), 'sleep', 0.02]
            last = x, y
        words += ['sleep', pause or 0.02, 'mouseup', button]
        self.xdotool(*words)

    def _settle(self, node):
        """Waits until the node keeps its place: lists scroll and popovers move when they open."""
        last = None

        def still():
            nonlocal last
            node.accessible.clear_cache()
            place = self.position(node) if node.on_screen else None
            same = place is not None and place == last
            last = place
            return same

        self.wait_until(still, 3, f'{node} to stand still on the screen')

    def key(self, *keys):
        """xdotool's names: `space`, `Tab`, `ctrl+z`, `alt+2`, `F9`."""
        self.xdotool('key', '--delay', 30, *keys)

    def type_text(self, text):
        self.xdotool('type', '--delay', 20, '--', text)

    # Evidence

    def screenshot(self, path):
        subprocess.run(['import', '-window', 'root', path], check=True)

    def dump(self):
        """The accessibility tree as text."""
        lines = []

        def visit(node, depth):
            try:
                extents = node.extents
                line = f'{"  " * depth}{node}'
                if extents and extents[2] > 0:
                    line += ' {}x{}+{}+{}'.format(*extents[2:], *extents[:2])
                lines.append(line)
                children = node.children
            except GLib.Error as error:
                lines.append(f'{"  " * depth}({error.message})')
                return
            for child in children:
                visit(child, depth + 1)

        root = self.root() if self.process else None
        if root:
            visit(root, 0)
        return '\n'.join(lines) or '(the program is not on the accessibility bus)'

    def save_evidence(self, name):
        """Leaves a screenshot and the tree in the build directory; returns what to print."""
        directory = os.path.join(os.environ.get('G_TEST_BUILDDIR', os.getcwd()), 'e2e-failures')
        os.makedirs(directory, exist_ok=True)
        stem = os.path.join(directory, re.sub(r'\W+', '-', name).strip('-'))
        lines = []
        try:
            with open(f'{stem}.txt', 'w', encoding='utf-8') as file:
                file.write(self.dump())
            lines.append(f'accessibility tree: {stem}.txt')
            self.screenshot(f'{stem}.png')
            lines.append(f'screenshot: {stem}.png')
        except (OSError, subprocess.SubprocessError, GLib.Error) as error:
            lines.append(f'no further evidence: {error}')
        if os.path.exists(self.path('stderr')):
            lines += [f'stderr: {line}' for line in self.stderr().splitlines()[-20:]]
        return lines


def run(test):
    """Calls test(app, tap) with the program named on the command line, and exits."""
    if len(sys.argv) != 2:
        sys.exit(f'usage: {sys.argv[0]} PROGRAM')

    # meson ends a test that takes too long by SIGTERM: leave by the front door, cleaning up.
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(143))

    with App(os.path.abspath(sys.argv[1])) as app:
        tap = Tap(on_failure=app.save_evidence)
        try:
            test(app, tap)
        except Stop:
            pass
        status = tap.finish()
    sys.exit(status)
