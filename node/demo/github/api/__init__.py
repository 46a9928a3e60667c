"""REST endpoints, one file per resource family; each ends with its lists of routes (`top`: below no repository)."""
