"""POST /graphql: what was asked is parsed, validated and run by graphql-core; only errors are put into GitHub's
shape here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import trio
from graphql import (
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,  # pyright: ignore[reportUnknownVariableType] -- its own annotations leave a type argument out
    parse,
    validate,
)

from node.demo.github.graphql import issue_mutations, pull_mutations, ref_mutations, schema
from node.demo.github.graphql.loop import Arguments, Refusal
from node.demo.github.graphql.queries import QUERIES
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem
from node.demo.github.wire.routing import Route

Resolver = Callable[[Call, Arguments], Awaitable[Any]]
MUTATIONS: dict[str, Resolver] = {**ref_mutations.MUTATIONS, **pull_mutations.MUTATIONS, **issue_mutations.MUTATIONS}
NO_QUERY = "A query attribute must be specified and must be a string."
KINDS = {403: "FORBIDDEN", 404: "NOT_FOUND", 410: "NOT_FOUND"}


def query_field(resolve: Resolver) -> Callable[..., Any]:
    def field(_root: Any, info: Any, **arguments: Any) -> Any:
        return trio.from_thread.run(resolve, info.context, arguments)

    return field


def mutation_field(resolve: Resolver) -> Callable[..., Any]:
    def field(_root: Any, info: Any, **arguments: Any) -> Any:
        given = arguments["input"]
        payload = trio.from_thread.run(resolve, info.context, given)
        return {**payload, "clientMutationId": given.get("clientMutationId")}

    return field


@cache
def built() -> GraphQLSchema:
    made = build_schema(schema.text())
    roots: dict[str, Any] = made.type_map
    for name, resolve in QUERIES.items():
        roots["Query"].fields[name].resolve = query_field(resolve)
    for name, resolve in MUTATIONS.items():
        roots["Mutation"].fields[name].resolve = mutation_field(resolve)
    return made


def shown(error: GraphQLError) -> dict[str, Any]:
    """One entry of `errors`. What a resolver refused has a `type`; a mistake in the query itself has none."""
    plain = dict(error.formatted)
    cause = error.original_error
    if isinstance(cause, Refusal):
        plain = {"type": cause.kind, **plain}
    elif isinstance(cause, Problem):
        details = [each["message"] for each in cause.errors or [] if "message" in each]
        plain = {
            "type": KINDS.get(cause.status, "UNPROCESSABLE"),
            **plain,
            "message": "; ".join(details) or cause.message,
        }
    elif cause is not None:
        raise cause
    return plain


def run(call: Call, query: str, variables: dict[str, Any], operation: str | None) -> dict[str, Any]:
    """Runs in a worker thread. A query that does not fit the schema gives errors and no data."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return {"errors": [shown(error)]}
    mistakes = validate(built(), document)
    if mistakes:
        return {"errors": [shown(error) for error in mistakes]}
    result = execute_sync(built(), document, context_value=call, variable_values=variables, operation_name=operation)
    data = (
        {}
        if result.data is None and result.errors and not any(error.path for error in result.errors)
        else {"data": result.data}
    )
    return data | ({"errors": [shown(error) for error in result.errors]} if result.errors else {})


async def answer(call: Call) -> Answer:
    if call.token is None:
        raise Problem(401, "This endpoint requires you to be authenticated.")
    query = call.fields.get("query")
    if not isinstance(query, str):
        return Answer(200, {"errors": [{"message": NO_QUERY}]})
    variables = fields.mapping(call.fields.get("variables"))
    operation = fields.text(call.fields, "operationName")
    return Answer(200, await trio.to_thread.run_sync(run, call, query, variables, operation))


top = [Route("POST", "/graphql", answer)]
