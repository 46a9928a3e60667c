"""A fleet on one laptop: what `aggregator demo` plays, and the GitHub stand-in that it files to.

story        what happens, one small function after the other
  stage      where it happens: a directory, and every process that was started in it
    hub      the GitHub stand-in and its switches
    actor    a node of the demo
  watch      what it sees of the nodes, and waits for
    shop/    programs that fail, each in its own way; they write down what they really did
  cast       which bug is in which program, where it runs, and what should become of it
  planted    secrets that must not turn up anywhere
verdict      what became of it, compared with what should have; pure
progress     the story on the screen, while it goes on
"""
