"""REST endpoints, one file per resource family; each file ends with its lists of routes (`top`: below no repository)."""
