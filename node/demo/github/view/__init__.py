"""Values of the model as the JSON objects that GitHub answers with."""
