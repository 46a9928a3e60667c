"""The GitHub stand-in: a loopback server with the semantics of GitHub's REST and GraphQL APIs, for demo and tests.

    python -m node.demo.github --port 0        one line of JSON: url, token, readonly_token, repository, control
    async with serve() as standin: ...         the same inside a trio program (node.demo.github.server)

Objects and refs live in real bare git repositories; everything else lives in memory. `wire/gate.py` shows the way of a
request, `api/` has one file per family of resources, `acts/` what changes, `view/` what it looks like. A private
repository `acme/shop` is there from the start, with the people fleet-bot (admin; `token`), reader (read;
`readonly_token`), alice (write) and trent (triage). Other logins come to exist when they are first mentioned.

The control surface
-------------------
JSON over HTTP below `control`; no token, not recorded, not limited. Where a repository is meant and none is named
(`repository`: owner/name), it is the first one. `login` acts, `permission` (pull, triage, push, maintain, admin) makes
it a collaborator at the same time.

    POST   /faults        {id, method, path, times, seconds, ...}      set a switch (below)
    GET    /faults        DELETE /faults    DELETE /faults/{id}        list; clear all (of {path}); clear one
    GET    /requests      DELETE /requests                             what was asked: number, time, method, path,
                          query, status (null: lost), login, token (its kind), body (excerpt), switch, deliveries
    GET    /issues?repository=                                         every issue, also deleted ones, with comment_list
    POST   /issues        {action, login, permission, number, ...}     as a person: open {title, body, labels}, close
                          {state_reason, duplicate_of}, reopen, edit {title, body}, comment {body}, label and unlabel
                          {labels}, assign {assignees}, lock, unlock, transfer {to}, delete,
                          open_pull {head, base, title, body, draft}, ready {draft}, merge {method}
    POST   /runs          {workflow, path, event, branch, sha, title, conclusion, status, created_at,
                          jobs: [{name, conclusion, steps, log}]}      plant a workflow run
    PATCH  /runs/{id}     {conclusion, logs: {job: text}, logs_gone}   finish its present attempt; let the logs expire
    POST   /checks        {sha, name, status, conclusion, output}      POST /statuses {sha, state, context, description}
    GET    /dispatches                                                 what repository_dispatch brought
    POST   /tokens        {login, kind, permissions: {area: level}, permission, repositories, token}
                          kind: classic, fine-grained, oauth, app-user, installation
    DELETE /tokens        {token}                                      revoke: 401 from now on
    POST   /apps          {slug, public_key, permissions, repositories}   a GitHub App -> app_id, installation_id
    POST   /collaborators {login, permission}                          `none` removes
    GET    /repositories  POST {full_name, private, empty, files}      further repositories
    PATCH  /repositories/{owner}/{name}  {private, archived, has_issues, copilot, empty, default_branch, new_name}
    POST   /commits       {branch, from, message, files: {path: text or null}}   a person pushes
    POST   /clock         {advance: seconds}                           time jumps ahead
    POST   /limits        {strict: [core, search, graphql, content] or true, limits: {core: 100}, search_lag}

Switches
--------
`path` is a shell glob of the whole API path, or a regular expression found in it (`/issues$`, `*/git/refs`); `method`
and `path` left out mean any. A switch hits `times` requests (default 1) and is gone, unless it is said to stand: then
it holds until it is cleared. One that is counted lets `skip` requests (default 0) pass first. Several may be set at
once.

    FLT-01   lost after the act: reset connection, no answer; `seconds` of silence before it
    FLT-02   lost before the act; `seconds` likewise
    FLT-03   {status: 502|503|504, when: before|after}  default 502, before
    FLT-04   lists of issues and pull requests lack what is younger than `seconds`; stands when `seconds` is given
             without `times`, else hits `times` lists. `path` is that of the read; `method` is not looked at
    FLT-05   reads of refs and branches show what was `seconds` ago (absent: 404), or {answer: "404"} for all that
             changed since; stands like FLT-04. Writes compare exactly
    FLT-06   delivered twice, the copy `seconds` later; the client sees the second answer, or {answer: "first"}
    SLOW     `seconds` of silence before the request is looked at
    RTE-01   primary limit {status: 403|429}; reset in `seconds` (default 60)
    RTE-02   secondary limit {status: 403|429}; `seconds` goes into Retry-After, without it there is none
    RTE-03   stands: 80 creations a minute and 500 an hour {per_minute, per_hour}. Counted are POSTs of issues, pull
             requests, comments, reviews and labels
    RTE-04   stands: the buckets of search (30 a minute) and GraphQL refuse when empty
    SRCH-01  stands: search lags by `seconds` (default 2)
    STA-01   stands: issues disabled; with {number} that issue is deleted
    STA-02   stands: git endpoints answer as in an empty repository
    STA-03   stands: renamed to {name}; {status} instead of 301
    STA-04   stands: archived
    STA-05   locks issue {number}; that strangers may not comment there is always so
    PRM-01   stands: every token only reads
    PRM-02   stands: every token counts as an installation's
    LOG-01   stands: log addresses live for `seconds` instead of 60
    PAG-01   after a page of issues was served, alice opens another issue
    HOK-01   stands: with {fail: true} no webhook delivery arrives
    CPL-01   TIM-01   known and without effect: what they name is always so (the coding agent is enabled unless
             PATCH /repositories says otherwise)
"""
