"""Checkers that look at the source tree. The tests that use them prove that they find something."""
