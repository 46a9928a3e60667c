"""What the stand-in remembers: users, tokens, repositories, issues, pull requests, runs. No HTTP, no git."""
