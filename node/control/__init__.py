"""Control: what people and programs of this machine ask of the node, as HTTP with JSON over a Unix socket.

`rows`, `state`, `peers` and `done` say what is answered, `view` what the node must offer for it; `decided` and
`answers` read, `planned` shows what would be written, `changes` decides, `server` serves, `client` asks. The node
binds the socket and hands it over: the HTTP server would delete whatever file it finds under the name that it was
given.
"""
