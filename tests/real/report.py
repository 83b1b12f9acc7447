"""One line a check, and the count of them at the end."""

import sys
import traceback


class Report:
    """Counts checks. A check that fails, or cannot be made, never stops the ones after it."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, what, true, detail=""):
        """Prints the check and returns whether it holds; `detail` is shown when it does not."""
        if true:
            self.passed += 1
            print(f"ok   {what}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL {what}", flush=True)
            for line in str(detail).splitlines()[:20]:
                print(f"       {line[:300]}", flush=True)
        return bool(true)

    def equal(self, what, found, wanted):
        return self.check(what, found == wanted, f"found  {found!r}\nwanted {wanted!r}")

    def part(self, name, run):
        """Runs a group of checks; what it raises is a failed check of its own."""
        print(f"# {name}", flush=True)
        try:
            run()
        except Exception:
            self.check(f"{name} ran to its end", False, traceback.format_exc())

    def finish(self):
        """Prints the count and gives the exit code."""
        print(f"{self.passed} passed, {self.failed} failed")
        sys.stdout.flush()
        return 1 if self.failed or not self.passed else 0
