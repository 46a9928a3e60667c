"""Somebody ends it: that is no error."""

import sys

import aggregator

aggregator.install(service="closing")
sys.exit(1)
