"""What an operator is told at once, apart from the issues: which news, once each, and by which node of the fleet.

`event` says what a notification holds; `outcomes` and `newcomers` find the news; `latch` keeps it from being told
twice, `voice` from being told by several nodes; `waiting` is what waits to be sent, bounded.

A notification is a help, not the record: it is told at most once, so a node that dies at that moment takes it along.
What is due is filed all the same.
"""
