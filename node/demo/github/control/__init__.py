"""The control surface: what a test or the demo does behind the back of the API. Documented in the package docstring."""
