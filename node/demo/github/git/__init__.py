"""Objects and refs in a real bare git repository: every function here ends in a git command."""
