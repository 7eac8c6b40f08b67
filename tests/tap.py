"""TAP for tests written in Python: `ok N - what`, `not ok N - what`, the plan at the end."""

import contextlib
import sys
import traceback


class Stop(Exception):
    """A step failed, and those that follow stand on it."""


class Tap:
    """Prints one line for each step, and counts.

        tap = Tap()
        with tap.step('the curve moves within a second'):
            assert points > 0, f'{points} points'
        sys.exit(tap.finish())
    """

    def __init__(self, on_failure=None):
        """`on_failure`, called with the step's name, returns lines of diagnostics."""
        self.count = 0
        self.failed = 0
        self.on_failure = on_failure

    def note(self, text):
        for line in str(text).splitlines():
            print(f'# {line}', flush=True)

    def check(self, good, name, why=''):
        """One line for a condition that has been found out already."""
        self.count += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.count} - {name}', flush=True)
        if not good and why:
            self.note(why)

    @contextlib.contextmanager
    def step(self, name, needed=False):
        """One line for the block: not ok when it raises. After a `needed` one the test ends."""
        try:
            yield
        except Exception as error:
            self.check(False, name, f'{type(error).__name__}: {error}')
            # The line of the test itself, below this frame.
            self.note(''.join(traceback.format_tb(error.__traceback__)[1:2]))
            if self.on_failure:
                for line in self.on_failure(name):
                    self.note(line)
            if needed:
                raise Stop(name) from None
        else:
            self.check(True, name)

    def finish(self):
        """Prints the plan; returns the exit status."""
        print(f'1..{self.count}', flush=True)
        sys.stdout.flush()
        return 1 if self.failed or not self.count else 0
