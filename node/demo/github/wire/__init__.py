"""How a request passes: who asks, what limits and switches do to it, which handler answers, how the answer looks."""
