"""Sums in cents; never floats."""


def total(lines):
    return sum(cents for _, cents in lines)
