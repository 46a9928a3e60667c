"""The part of GitHub's public GraphQL schema that a filer, its operators and its tests use, in the schema language."""

from __future__ import annotations

SCALARS = "\n".join(
    f"scalar {name}" for name in ("DateTime", "URI", "GitObjectID", "GitRefname", "Base64String", "BigInt")
)

ENUMS = """
enum IssueState { OPEN CLOSED }
enum IssueStateReason { COMPLETED NOT_PLANNED DUPLICATE REOPENED }
enum IssueClosedStateReason { COMPLETED NOT_PLANNED DUPLICATE }
enum PullRequestState { OPEN CLOSED MERGED }
enum MergeableState { MERGEABLE CONFLICTING UNKNOWN }
enum MergeStateStatus { DIRTY UNKNOWN BLOCKED BEHIND DRAFT UNSTABLE HAS_HOOKS CLEAN }
enum PullRequestMergeMethod { MERGE SQUASH REBASE }
enum StatusState { EXPECTED ERROR FAILURE PENDING SUCCESS }
enum RepositoryVisibility { PRIVATE PUBLIC INTERNAL }
enum RepositoryPermission { ADMIN MAINTAIN WRITE TRIAGE READ }
enum RepositorySuggestedActorFilter { CAN_BE_ASSIGNED CAN_BE_AUTHOR }
enum OrderDirection { ASC DESC }
enum IssueOrderField { CREATED_AT UPDATED_AT COMMENTS }
enum SearchType { ISSUE REPOSITORY USER }
"""

ACTORS = """
interface Node { id: ID! }
interface Actor { login: String! url: URI! avatarUrl(size: Int): URI! resourcePath: URI! }
type User implements Node & Actor {
  id: ID! databaseId: Int login: String! name: String email: String! url: URI! avatarUrl(size: Int): URI!
  resourcePath: URI!
}
type Bot implements Node & Actor {
  id: ID! databaseId: Int login: String! url: URI! avatarUrl(size: Int): URI! resourcePath: URI!
}
type Organization implements Node & Actor {
  id: ID! databaseId: Int login: String! name: String url: URI! avatarUrl(size: Int): URI! resourcePath: URI!
}
type RateLimit { limit: Int! cost: Int! remaining: Int! used: Int! resetAt: DateTime! nodeCount: Int! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
"""


def connection(kind: str) -> str:
    return f"""
type {kind}Edge {{ cursor: String! node: {kind} }}
type {kind}Connection {{ totalCount: Int! nodes: [{kind}] edges: [{kind}Edge] pageInfo: PageInfo! }}
"""


PAGE = "first: Int, last: Int, after: String, before: String"
LISTED = (
    "Actor", "User", "Issue", "PullRequest", "Label", "IssueComment", "Ref", "Commit", "PullRequestCommit",
    "SearchResultItem",
)  # fmt: skip
CONNECTIONS = "".join(connection(kind) for kind in LISTED)

GIT = f"""
interface GitObject {{ id: ID! oid: GitObjectID! abbreviatedOid: String! commitUrl: URI! }}
type GitActor {{ name: String email: String date: DateTime }}
type Commit implements Node & GitObject {{
  id: ID! oid: GitObjectID! abbreviatedOid: String! commitUrl: URI! url: URI! message: String! messageHeadline: String!
  messageBody: String! committedDate: DateTime! authoredDate: DateTime! author: GitActor committer: GitActor tree: Tree!
  parents({PAGE}): CommitConnection! statusCheckRollup: StatusCheckRollup
}}
type Tree implements Node & GitObject {{
  id: ID! oid: GitObjectID! abbreviatedOid: String! commitUrl: URI! entries: [TreeEntry!]
}}
type TreeEntry {{ name: String path: String mode: Int! type: String! oid: GitObjectID! object: GitObject }}
type Blob implements Node & GitObject {{
  id: ID! oid: GitObjectID! abbreviatedOid: String! commitUrl: URI! text: String byteSize: Int! isBinary: Boolean
}}
type Ref implements Node {{ id: ID! name: String! prefix: String! target: GitObject repository: Repository! }}
type StatusCheckRollup {{ state: StatusState! }}
"""

ISSUES = f"""
type Label implements Node {{ id: ID! name: String! color: String! description: String }}
type IssueComment implements Node {{
  id: ID! databaseId: Int author: Actor body: String! createdAt: DateTime! updatedAt: DateTime! url: URI!
}}
type Issue implements Node {{
  id: ID! databaseId: Int fullDatabaseId: BigInt number: Int! title: String! body: String! state: IssueState!
  stateReason(enableDuplicate: Boolean): IssueStateReason url: URI! author: Actor closed: Boolean! locked: Boolean!
  createdAt: DateTime! updatedAt: DateTime! closedAt: DateTime repository: Repository! duplicateOf: Issue parent: Issue
  labels({PAGE}): LabelConnection assignees({PAGE}): UserConnection! assignedActors({PAGE}): ActorConnection!
  comments({PAGE}): IssueCommentConnection! subIssues({PAGE}): IssueConnection!
}}
type PullRequestCommit {{ commit: Commit! }}
type PullRequest implements Node {{
  id: ID! databaseId: Int fullDatabaseId: BigInt number: Int! title: String! body: String! state: PullRequestState!
  url: URI! author: Actor isDraft: Boolean! merged: Boolean! closed: Boolean! locked: Boolean! createdAt: DateTime!
  updatedAt: DateTime! closedAt: DateTime mergedAt: DateTime repository: Repository! headRefName: String! headRefOid:
  GitObjectID! headRef: Ref baseRefName: String! baseRefOid: GitObjectID! baseRef: Ref mergeable: MergeableState!
  mergeStateStatus: MergeStateStatus! labels({PAGE}): LabelConnection assignees({PAGE}): UserConnection!
  comments({PAGE}): IssueCommentConnection! commits({PAGE}): PullRequestCommitConnection!
  closingIssuesReferences({PAGE}): IssueConnection statusCheckRollup: StatusCheckRollup }} union IssueOrPullRequest =
  Issue | PullRequest union SearchResultItem = Issue | PullRequest | Repository | User | Organization union Assignable
  = Issue | PullRequest input IssueOrder {{ field: IssueOrderField! direction: OrderDirection! }} input IssueFilters {{
  assignee: String createdBy: String labels: [String!] since: DateTime states: [IssueState!] }} """

REPOSITORY = f"""
type Repository implements Node {{
  id: ID! databaseId: Int name: String! nameWithOwner: String! owner: Actor! url: URI! description: String isPrivate:
  Boolean! isArchived: Boolean! isEmpty: Boolean! hasIssuesEnabled: Boolean! visibility: RepositoryVisibility!
  createdAt: DateTime! viewerPermission: RepositoryPermission viewerCanAdminister: Boolean! defaultBranchRef: Ref
  ref(qualifiedName: String!): Ref refs(refPrefix: String!, {PAGE}): RefConnection object(oid: GitObjectID, expression:
  String): GitObject issue(number: Int!): Issue pullRequest(number: Int!): PullRequest issueOrPullRequest(number:
  Int!): IssueOrPullRequest issues({PAGE}, states: [IssueState!], labels: [String!], filterBy: IssueFilters, orderBy:
  IssueOrder): IssueConnection! pullRequests({PAGE}, states: [PullRequestState!], headRefName: String, baseRefName:
  String, orderBy: IssueOrder): PullRequestConnection! label(name: String!): Label labels({PAGE}, query: String):
  LabelConnection assignableUsers({PAGE}): UserConnection! suggestedActors(capabilities:
  [RepositorySuggestedActorFilter!]!, query: String, loginNames: String, {PAGE}): ActorConnection! }} type
  SearchResultItems {{ issueCount: Int! nodes: [SearchResultItem] edges: [SearchResultItemEdge] pageInfo: PageInfo! }}
  type Query {{ repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
  repositoryOwner(login: String!): Actor user(login: String!): User organization(login: String!): Organization node(id:
  ID!): Node nodes(ids: [ID!]!): [Node]! viewer: User! rateLimit(dryRun: Boolean = false): RateLimit search(query:
  String!, type: SearchType!, {PAGE}): SearchResultItems! }} """


def mutation(name: str, fields: str, result: str) -> tuple[str, str]:
    """The types of one mutation and its line in `Mutation`: each takes one input and echoes its clientMutationId."""
    kind = name[0].upper() + name[1:]
    types = f"""
input {kind}Input {{ clientMutationId: String {fields} }}
type {kind}Payload {{ clientMutationId: String {result} }}
"""
    return types, f"  {name}(input: {kind}Input!): {kind}Payload"


INPUTS = """
input CommittableBranch { id: ID repositoryNameWithOwner: String branchName: String }
input CommitMessage { headline: String! body: String = "" }
input FileAddition { path: String! contents: Base64String! }
input FileDeletion { path: String! }
input FileChanges { additions: [FileAddition!] = [] deletions: [FileDeletion!] = [] }
input RefUpdate { name: GitRefname! beforeOid: GitObjectID afterOid: GitObjectID! force: Boolean = false }
input AgentAssignment {
  targetRepositoryId: ID baseRef: String customInstructions: String customAgent: String model: String
}
"""
MUTATIONS = [
    mutation("createCommitOnBranch", "branch: CommittableBranch! expectedHeadOid: GitObjectID! message: CommitMessage! "
             "fileChanges: FileChanges", "commit: Commit ref: Ref"),
    mutation("updateRefs", "repositoryId: ID! refUpdates: [RefUpdate!]!", ""),
    mutation("createRef", "repositoryId: ID! name: String! oid: GitObjectID!", "ref: Ref"),
    mutation("updateRef", "refId: ID! oid: GitObjectID! force: Boolean = false", "ref: Ref"),
    mutation("deleteRef", "refId: ID!", ""),
    mutation("createPullRequest", "repositoryId: ID! baseRefName: String! headRefName: String! title: String! "
             "body: String draft: Boolean = false", "pullRequest: PullRequest"),
    mutation("markPullRequestReadyForReview", "pullRequestId: ID!", "pullRequest: PullRequest"),
    mutation("convertPullRequestToDraft", "pullRequestId: ID!", "pullRequest: PullRequest"),
    mutation("closePullRequest", "pullRequestId: ID!", "pullRequest: PullRequest"),
    mutation("reopenPullRequest", "pullRequestId: ID!", "pullRequest: PullRequest"),
    mutation("mergePullRequest", "pullRequestId: ID! commitHeadline: String commitBody: String "
             "expectedHeadOid: GitObjectID mergeMethod: PullRequestMergeMethod = MERGE",
             "actor: Actor pullRequest: PullRequest"),
    mutation("createIssue", "repositoryId: ID! title: String! body: String labelIds: [ID!] assigneeIds: [ID!]",
             "issue: Issue"),
    mutation("updateIssue", "id: ID! title: String body: String state: IssueState labelIds: [ID!] assigneeIds: [ID!]",
             "actor: Actor issue: Issue"),
    mutation("closeIssue", "issueId: ID! stateReason: IssueClosedStateReason duplicateIssueId: ID", "issue: Issue"),
    mutation("reopenIssue", "issueId: ID!", "issue: Issue"),
    mutation("deleteIssue", "issueId: ID!", "repository: Repository"),
    mutation("transferIssue", "issueId: ID! repositoryId: ID! createLabelsIfMissing: Boolean = false", "issue: Issue"),
    mutation("addComment", "subjectId: ID! body: String!", "subject: Node"),
    mutation("addLabelsToLabelable", "labelableId: ID! labelIds: [ID!]!", "labelable: Assignable"),
    mutation("removeLabelsFromLabelable", "labelableId: ID! labelIds: [ID!]!", "labelable: Assignable"),
    mutation("addAssigneesToAssignable", "assignableId: ID! assigneeIds: [ID!]! agentAssignment: AgentAssignment",
             "assignable: Assignable"),
    mutation("removeAssigneesFromAssignable", "assignableId: ID! assigneeIds: [ID!]!", "assignable: Assignable"),
    mutation("replaceActorsForAssignable", "assignableId: ID! actorIds: [ID!] actorLogins: [String!] "
             "agentAssignment: AgentAssignment", "assignable: Assignable"),
]  # fmt: skip


def text() -> str:
    types = "".join(each[0] for each in MUTATIONS)
    lines = "\n".join(each[1] for each in MUTATIONS)
    return "\n".join(
        [SCALARS, ENUMS, ACTORS, CONNECTIONS, GIT, ISSUES, REPOSITORY, INPUTS, types, f"type Mutation {{\n{lines}\n}}"]
    )
