#!/usr/bin/python3
"""Counts what `meson test` ran, names what failed, and ends with "N passed, N failed".

    report.py BUILD_DIRECTORY [--suite NAME]...

Every TAP line counts as one test. A program that crashes, times out, ends before its plan is
fulfilled, or says nothing in TAP counts as one failed test, unless one of its lines has said
"not ok" already (GLib's tests bail out at the first failed assertion). A skipped test
counts as failed, because a test that does not run proves nothing.
"""

import collections
import json
import os
import re
import sys

TAIL_LINES = 60
TEST_LINE = re.compile(r'(not )?ok\b(?:\s+\d+)?(?:\s*-)?\s*([^#]*?)\s*(?:#\s*(skip|todo)\b.*)?$', re.I)
PLAN_LINE = re.compile(r'1\.\.(\d+)')
BAIL_LINE = re.compile(r'Bail out!\s*(.*)')

Result = collections.namedtuple('Result', 'passed failed')


def read_tap(stdout, outcome):
    """The number of passed tests and the descriptions of failed ones in one program's output."""
    passed, failed, planned, seen, bail = 0, [], None, 0, None
    for line in stdout.splitlines():
        test = TEST_LINE.match(line)
        plan = PLAN_LINE.match(line)
        bail = bail or BAIL_LINE.match(line)
        if test:
            seen += 1
            if test[1]:
                failed.append(test[2] or f'test {seen}')
            elif (test[3] or '').lower() == 'skip':
                failed.append(f'{test[2]} (skipped)')
            else:
                passed += 1
        elif plan and planned is None:
            planned = int(plan[1])

    if not failed:
        if bail:
            failed.append(bail[1] or 'the program bailed out')
        elif outcome not in ('OK', 'SKIP'):
            failed.append(f'the program ended with {outcome}')
        elif planned is None:
            failed.append('the program printed no TAP plan')
        elif planned == 0:
            failed.append('the program ran no test')
        elif planned != seen:
            failed.append(f'the program planned {planned} tests and ran {seen}')
    return Result(passed, failed)


def expected_tests(build, suites):
    """The tests that meson should have run, by name."""
    with open(os.path.join(build, 'meson-info', 'intro-tests.json'), encoding='utf-8') as file:
        tests = json.load(file)
    return [test for test in tests
            if not suites or any(suite.split(':')[-1] in suites for suite in test['suite'])]


def logged_tests(build):
    try:
        with open(os.path.join(build, 'meson-logs', 'testlog.json'), encoding='utf-8') as file:
            return [json.loads(line) for line in file]
    except FileNotFoundError:
        return []


def main():
    build = sys.argv[1]
    suites = sys.argv[3::2]
    expected = expected_tests(build, suites)
    protocols = {test['name']: test['protocol'] for test in expected}
    missing = collections.Counter(test['name'] for test in expected)
    passed = failed = 0

    for test in logged_tests(build):
        name = test['name'].split(' / ')[-1]
        missing[name] -= 1
        if protocols.get(name) == 'exitcode':
            good = test['result'] == 'OK'
            result = Result(int(good), [] if good else [f'the program ended with {test["result"]}'])
        else:
            result = read_tap(test['stdout'] or '', test['result'])

        passed += result.passed
        failed += len(result.failed)
        if result.failed:
            print(f'\n{name}: {len(result.failed)} failed')
            for description in result.failed:
                print(f'  {description}')
            output = f'{test["stdout"] or ""}\n{test.get("stderr") or ""}'.strip().splitlines()
            for line in output[-TAIL_LINES:]:
                print(f'    | {line}')

    for name in sorted((+missing).elements()):
        failed += 1
        print(f'\n{name}: 1 failed\n  it did not run')

    if not expected:
        if suites:
            known = sorted({suite.split(':')[-1]
                            for test in expected_tests(build, []) for suite in test['suite']})
            print(f'\nNo test belongs to {", ".join(suites)}. There are: {", ".join(known)}.')
        else:
            print('\nThere are no tests.')

    print(f'\n{passed} passed, {failed} failed')
    return 0 if passed and not failed else 1


if __name__ == '__main__':
    sys.exit(main())
