"""The GraphQL endpoint: the part of the public schema that a filer uses, run by graphql-core."""
