"""Refs and git objects on the stand-in: the compare-and-swap that everything else rests on."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stage.standin import Hub, at_once, message, started


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with started() as running:
        yield running


def create(hub: Hub, name: str, sha: str) -> Any:
    return hub.post("git/refs", {"ref": name, "sha": sha})


def test_ref_01_a_ref_is_created_once(hub: Hub):
    sha = hub.head()
    made = create(hub, "refs/heads/ref-01", sha)
    assert made.status_code == 201
    assert set(made.json()) == {"ref", "node_id", "url", "object"}
    assert made.json()["object"] == {"type": "commit", "sha": sha, "url": f"{hub.url}{hub.base}/git/commits/{sha}"}
    again = create(hub, "refs/heads/ref-01", sha)
    assert (again.status_code, again.json()["message"]) == (422, "Reference already exists")


def test_ref_02_of_twelve_creators_exactly_one_wins(hub: Hub):
    shas = [hub.commit(None, f"contender {place}") for place in range(12)]
    answers = at_once([lambda sha=sha: create(hub, "refs/error-aggregator/issue/s1-00", sha) for sha in shas])
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 11
    winner = next(answer for answer in answers if answer.status_code == 201).json()["object"]["sha"]
    assert hub.get("git/ref/error-aggregator/issue/s1-00").json()["object"]["sha"] == winner


def test_ref_03_without_force_only_descendants_are_taken(hub: Hub):
    first = hub.branch("ref-03")
    child, sibling = hub.commit(first, "child"), hub.commit(None, "sibling")
    assert hub.patch("git/refs/heads/ref-03", {"sha": child, "force": False}).status_code == 200
    refused = hub.patch("git/refs/heads/ref-03", {"sha": sibling, "force": False})
    assert (refused.status_code, refused.json()["message"]) == (422, "Update is not a fast forward")
    assert hub.head("ref-03") == child


def test_ref_04_of_twelve_updates_to_siblings_exactly_one_wins(hub: Hub):
    start = hub.branch("ref-04")
    shas = [hub.commit(start, f"sibling {place}") for place in range(12)]
    answers = at_once([lambda sha=sha: hub.patch("git/refs/heads/ref-04", {"sha": sha}) for sha in shas])
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 11


def test_ref_05_an_update_to_the_present_value_is_200(hub: Hub):
    sha = hub.branch("ref-05")
    assert hub.patch("git/refs/heads/ref-05", {"sha": sha, "force": False}).status_code == 200


def test_ref_06_force_moves_anywhere(hub: Hub):
    first = hub.branch("ref-06")
    for target in (hub.commit(None, "sideways"), hub.head(), first):
        assert hub.patch("git/refs/heads/ref-06", {"sha": target, "force": True}).status_code == 200
        assert hub.head("ref-06") == target


def test_ref_07_a_missing_ref_is_422_to_write_and_404_to_read(hub: Hub):
    updated = hub.patch("git/refs/heads/never", {"sha": hub.head()})
    assert (updated.status_code, updated.json()["message"]) == (422, "Reference does not exist")
    deleted = hub.delete("git/refs/heads/never")
    assert (deleted.status_code, deleted.json()["message"]) == (422, "Reference does not exist")
    assert hub.get("git/ref/heads/never").status_code == 404


def test_ref_08_a_deleted_name_can_be_created_again(hub: Hub):
    sha = hub.branch("ref-08")
    assert hub.delete("git/refs/heads/ref-08").status_code == 204
    assert create(hub, "refs/heads/ref-08", sha).status_code == 201


def test_ref_09_reading_is_exact_and_matching_is_by_prefix(hub: Hub):
    hub.branch("ref-09-long")
    assert hub.get("git/ref/heads/ref-09").status_code == 404
    matching = hub.get("git/matching-refs/heads/ref-09").json()
    assert [ref["ref"] for ref in matching] == ["refs/heads/ref-09-long"]
    nothing = hub.get("git/matching-refs/heads/nothing-like-it")
    assert (nothing.status_code, nothing.json()) == (200, [])


def test_ref_09_matching_refs_come_without_pages(hub: Hub):
    sha = hub.head()
    for place in range(35):
        create(hub, f"refs/many/{place}", sha)
    answer = hub.get("git/matching-refs/many/")
    assert (len(answer.json()), answer.links) == (35, {})
    assert len(list(hub.pygithub().get_git_matching_refs("many/"))) == 35


def test_ref_10_a_namespace_of_ones_own_works_like_branches(hub: Hub):
    first = hub.commit(None, "first")
    second = hub.commit(first, "second")
    assert create(hub, "refs/fleet/issue/abc", first).status_code == 201
    assert hub.get("git/ref/fleet/issue/abc").json()["object"]["sha"] == first
    assert [ref["ref"] for ref in hub.get("git/matching-refs/fleet/").json()] == ["refs/fleet/issue/abc"]
    assert hub.patch("git/refs/fleet/issue/abc", {"sha": second, "force": False}).status_code == 200
    assert hub.patch("git/refs/fleet/issue/abc", {"sha": first, "force": False}).status_code == 422
    assert hub.delete("git/refs/fleet/issue/abc").status_code == 204


@pytest.mark.parametrize("name", ["heads/x", "refs/x", "main", "refs"])
def test_ref_11_names_need_refs_and_two_slashes(hub: Hub, name: str):
    assert create(hub, name, hub.head()).status_code == 422


@pytest.mark.parametrize("sha", ["0123", "0" * 39 + "1", "z" * 40])
def test_ref_11_unknown_shas_are_422(hub: Hub, sha: str):
    assert create(hub, "refs/heads/ref-11", sha).status_code == 422
    assert hub.get("git/ref/heads/ref-11").status_code == 404


@pytest.mark.parametrize(
    "name", ["a..b", "a b", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a.lock", "a//b", "@{x", "-\x01"]
)
def test_ref_12_git_refuses_bad_names_in_other_words(hub: Hub, name: str):
    answer = create(hub, f"refs/heads/{name}", hub.head())
    assert answer.status_code == 422
    assert "Reference already exists" not in message(answer)


def test_ref_12_a_name_and_a_folder_of_that_name_exclude_each_other(hub: Hub):
    hub.branch("ref-12")
    below = create(hub, "refs/heads/ref-12/below", hub.head())
    assert (below.status_code, "Reference already exists" in message(below)) == (422, False)
    create(hub, "refs/heads/folder/inner", hub.head())
    above = create(hub, "refs/heads/folder", hub.head())
    assert (above.status_code, "Reference already exists" in message(above)) == (422, False)


def test_ref_13_slashes_may_be_percent_encoded(hub: Hub):
    hub.branch("ref/13")
    assert hub.get("git/ref/heads%2Fref%2F13").status_code == 200
    repository = hub.pygithub()
    assert [ref.ref for ref in repository.get_git_matching_refs("heads/ref/13")] == ["refs/heads/ref/13"]


def test_ref_14_a_write_is_read_back_at_once(hub: Hub):
    for place in range(5):
        sha = hub.commit(None, f"round {place}")
        create(hub, f"refs/heads/ref-14-{place}", sha)
        assert hub.head(f"ref-14-{place}") == sha


def test_git_01_objects_have_real_git_shas(hub: Hub):
    for data, encoding in [("hällo\n", "utf-8"), (base64.b64encode(b"\0\1\2").decode(), "base64")]:
        raw = data.encode() if encoding == "utf-8" else base64.b64decode(data)
        wanted = subprocess.run(["git", "hash-object", "--stdin"], input=raw, capture_output=True, check=True).stdout
        made = hub.post("git/blobs", {"content": data, "encoding": encoding})
        assert (made.status_code, made.json()["sha"]) == (201, wanted.decode().strip())
        assert base64.b64decode(hub.get(f"git/blobs/{made.json()['sha']}").json()["content"]) == raw
    base = hub.get(f"git/commits/{hub.head()}").json()["tree"]["sha"]
    tree = hub.post(
        "git/trees", {"base_tree": base, "tree": [{"path": "src/a.py", "mode": "100644", "content": "a\n"}]}
    )
    assert tree.status_code == 201
    listed = hub.get(f"git/trees/{tree.json()['sha']}?recursive=1").json()["tree"]
    assert [entry["path"] for entry in listed] == ["README.md", "src", "src/a.py"]


def test_git_02_the_same_commit_twice_is_the_same_sha(hub: Hub):
    tree = hub.get(f"git/commits/{hub.head()}").json()["tree"]["sha"]
    author = {"name": "Node", "email": "node@example.org", "date": "2026-01-02T03:04:05Z"}
    body = {"message": "claim", "tree": tree, "parents": [hub.head()], "author": author, "committer": author}
    first, second = hub.post("git/commits", body), hub.post("git/commits", body)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["sha"] == second.json()["sha"]
    assert first.json()["author"]["date"] == "2026-01-02T03:04:05Z"
    other = hub.post("git/commits", {**body, "author": {**author, "date": "2026-01-02T03:04:06Z"}})
    assert other.json()["sha"] != first.json()["sha"]


def test_git_03_a_null_sha_deletes_and_the_base_keeps_the_rest(hub: Hub):
    files = [{"path": path, "mode": "100644", "content": path} for path in ("one", "two", "dir/three")]
    full = hub.post("git/trees", {"tree": files}).json()["sha"]
    change = [{"path": "one", "mode": "100644", "type": "blob", "sha": None}]
    left = hub.post("git/trees", {"base_tree": full, "tree": change}).json()["sha"]
    listed = hub.get(f"git/trees/{left}?recursive=1").json()["tree"]
    assert [entry["path"] for entry in listed if entry["type"] == "blob"] == ["dir/three", "two"]


@pytest.mark.parametrize("wrong", ["tree", "parents"])
def test_git_04_unknown_trees_and_parents_are_refused(hub: Hub, wrong: str):
    tree = hub.get(f"git/commits/{hub.head()}").json()["tree"]["sha"]
    body = {"message": "m", "tree": tree, "parents": [hub.head()]} | {
        wrong: "1" * 40 if wrong == "tree" else ["1" * 40]
    }
    assert hub.post("git/commits", body).status_code in (404, 422)


def test_git_05_a_commit_object_moves_nothing(hub: Hub):
    before = hub.head()
    sha = hub.commit(None, "nobody points here")
    assert hub.head() == before
    assert hub.get(f"git/commits/{sha}").json()["message"] == "nobody points here"


def test_contents_replace_only_what_the_sha_names(hub: Hub):
    text = base64.b64encode(b"one").decode()
    made = hub.put("contents/notes/a.txt", {"message": "add", "content": text})
    assert made.status_code == 201
    body = {"message": "change", "content": base64.b64encode(b"two").decode()}
    assert hub.put("contents/notes/a.txt", {**body, "sha": "0" * 40}).status_code == 409
    assert hub.put("contents/notes/a.txt", {**body, "sha": made.json()["content"]["sha"]}).status_code == 200
    assert base64.b64decode(hub.get("contents/notes/a.txt").json()["content"]) == b"two"


def test_the_bare_repository_is_sound_git(hub: Hub, tmp_path_factory: pytest.TempPathFactory):
    directory = tmp_path_factory.mktemp("bare")
    with started("--directory", str(directory)) as other:
        sha = other.branch("checked", {"a/b.txt": "text"})
    store = directory / "acme-shop.git"
    done = subprocess.run(["git", "-C", str(store), "fsck", "--strict", "--full"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        ["git", "-C", str(store), "rev-parse", "refs/heads/checked"], capture_output=True, check=True
    )
    assert listed.stdout.decode().strip() == sha


def test_pygithub_creates_and_advances_a_claim(hub: Hub):
    repository = hub.pygithub()
    base = repository.get_git_ref("heads/main").object.sha
    tree = repository.get_git_commit(base).tree
    parent = repository.get_git_commit(base)
    first = repository.create_git_commit("creating", tree, [parent])
    ref = repository.create_git_ref("refs/error-aggregator/issue/py", first.sha)
    second = repository.create_git_commit("filed", tree, [repository.get_git_commit(first.sha)])
    ref.edit(second.sha, force=False)
    assert repository.get_git_ref("error-aggregator/issue/py").object.sha == second.sha
    ref.delete()
