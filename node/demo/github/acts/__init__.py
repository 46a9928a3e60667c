"""Everything that changes the model, for REST, GraphQL and the control surface alike: checks, the change, its
events, its webhooks."""
