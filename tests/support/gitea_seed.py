"""The repositories of the recorded Gitea, as far as its answers depend on them: names, numbers, hashes, rights."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from gitea_simulator.git import SYMLINK, Blob, Person, Tag
from gitea_simulator.world import Gitea

if TYPE_CHECKING:
    from gitea_simulator.records import Issue, Repository

# Hashes of the recording, which depend on the second in which its commits were made.
MAIN: Final = "c8fc46993be65bb0383b6db33a38b6d85760fa38"
GOOD: Final = "0abbfeb5bdcb92c1f461c276b3f1933835488f68"
GOOD_FIRST: Final = "7c0eed8f2d6effb90e6bb7f13eb61bc53020f49b"
CONFLICT: Final = "c1d37186e5edc8142f820b3b1e343a494d594aa2"
WIP: Final = "1c5eb2bc7089f12e1efd9aec553a406b649a4357"
MERGED: Final = {
    4: ("merge", "b410b73abc4f9560841974aec6ea78e02fe9604e"),
    5: ("squash", "522372676d955f7252ef5990f07603cb00e5a3b9"),
    6: ("rebase", "02e364be3ee5cb7b6f7d515f15a9f2fb49d38c91"),
}
SCOPES: Final = {
    "bot-all": ("write:issue", "write:repository", "read:user", "read:organization"),
    "bot-read-issue": ("read:issue",),
    "bot-write-issue": ("write:issue",),
    "bot-read-repo": ("read:repository",),
    "bot-write-repo": ("write:repository",),
    "bot-read-both": ("read:issue", "read:repository"),
    "bot-read-user": ("read:user",),
    "bot-public": ("public-only", "write:issue", "write:repository", "read:user"),
}
PEOPLE: Final = ("octavia", "hugo", "rita", "mallory")
START: Final = int(datetime(2026, 11, 28, 14, 5, 22, tzinfo=UTC).timestamp())
OWNER: Final = Person("octavia", "octavia@example.com")
MAIN_PY: Final = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n"


class SeedClock:
    """A clock that a seed moves on by one second with every reading, and a test not at all."""

    def __init__(self) -> None:
        self.moment = float(START)

    def __call__(self) -> float:
        return self.moment


class Seed:
    """A filled server. `world.clock` stands still once it is filled."""

    def __init__(self) -> None:
        self.clock = SeedClock()
        self.world = Gitea(self.clock, "http://127.0.0.1:3300")
        self._add_people()
        self.hello = self._add_repos()
        self._commit(self.hello)
        self._add_labels()
        self._open_pulls()
        self._add_statuses()
        self._merge_and_review()
        self._add_issues()
        for _ in range(8):  # events that the recording has more, so that later comments have its ids
            self.world.next_id("comments")
        self.clock.moment += 600

    def _tick(self) -> None:
        self.clock.moment += 1

    def _add_people(self) -> None:
        world = self.world
        world.add_user("root-admin", admin=True)
        for login in (*PEOPLE, "ci-bot"):
            self._tick()
            world.add_user(login)
        world.add_user("octo", full_name="Octo Org", organisation=True)
        for number, login in enumerate(("root-admin", *PEOPLE)):
            world.add_token(login, f"secret-of-{'root' if number == 0 else login}", login, ["all"])
        for name, scopes in SCOPES.items():
            world.add_token("ci-bot", f"secret-of-{name}", name, scopes)

    def _add_repos(self) -> Repository:
        rights = {"octavia": "admin", "hugo": "write", "rita": "read", "ci-bot": "write"}
        for name in ("hello", "secret", "attic", "quiet", "empty"):
            self.world.add_repo(
                f"octo/{name}",
                description=f"the {name} repository",
                private=name == "secret",
                has_issues=name != "quiet",
                has_wiki=name not in {"quiet", "hello"},
                access=dict(rights if name != "empty" else {"octavia": "admin"}),
            )
        self.world.add_repo("octavia/tool", private=True)
        for name in ("secret", "attic", "quiet"):
            repo = self.world.repos[f"octo/{name}"]
            repo.git.commit("main", "first", {"README.md": f"# {name}\n"}, OWNER, self.world.now())
            repo.git.branches["side"] = repo.git.branches["main"]
            repo.git.commit("side", "side", {"side.txt": "side\n"}, OWNER, self.world.now() + 1)
        return self.world.repos["octo/hello"]

    def _commit(self, repo: Repository) -> None:
        git = repo.git
        first: dict[str, str | Blob | None] = {
            "README.md": "# hello\n\nA small service.\n",
            ".drone.yml": "kind: pipeline\ntype: docker\nname: default\nsteps:\n- name: test\n  image: golang\n"
            "  commands:\n  - go test ./...\n",
            "src/main.py": MAIN_PY,
            "docs/guide with space.md": "# Guide\n",
            "src/ünïcode.txt": "ä\n",
            "logo.bin": Blob(bytes(range(256)) * 8),
            "big.txt": "line of text\n" * 100_000,
            "LINK.md": Blob(b"README.md", SYMLINK),
        }
        git.commit("main", "first commit", first, OWNER, self.world.now())
        lines = ""
        for number in range(1, 61):
            self._tick()
            lines += f"- change {number}\n"
            message = f"change {number}\n\nA longer body of change {number}."
            made = git.commit("main", message, {"CHANGES.md": lines}, OWNER, self.world.now())
            if number == 30:
                git.tags["v1.0.0"] = Tag(made.sha)
            if number == 55:
                git.tags["v1.1.0"] = Tag(made.sha, "release 1.1.0\n", "ef42ead4f651f592eb57721fb97fad6c965c343d")
        start = git.branches["main"]

        def branch(name: str, *commits: tuple[str, dict[str, str | Blob | None], str]) -> None:
            git.branches[name] = start
            for message, changes, sha in commits:
                self._tick()
                git.commit(name, message, changes, OWNER, self.world.now(), sha=sha)

        test = "from src.main import mul\n\n\ndef test_mul():\n    assert mul(2, 3) == 6\n"
        moved: dict[str, str | Blob | None] = {
            "tests/test_main.py": test,
            "docs/guide with space.md": None,
            "LINK.md": None,
            "LINK2.md": Blob(b"README.md", SYMLINK),
        }
        mul = f"{MAIN_PY}\n\ndef mul(a, b):\n    return a * b\n"
        branch("feature/multiply", ("add mul", {"src/main.py": mul}, GOOD_FIRST), ("test mul", moved, GOOD))
        conflict: dict[str, str | Blob | None] = {"README.md": "# hello\n\nConflicting words on the branch.\n"}
        branch("conflict", ("conflicting readme", conflict, CONFLICT))
        branch("wip", ("work in progress", {"wip.txt": "not yet\n"}, WIP))
        for name in ("to-merge", "to-squash", "to-rebase", "to-close", "to-vanish"):
            one: dict[str, str | Blob | None] = {f"{name}.txt": f"{name} one\n"}
            two: dict[str, str | Blob | None] = {f"{name}.txt": f"{name} one\n{name} two\n"}
            branch(name, (f"{name} one", one, ""), (f"{name} two", two, ""))
        branch("release")
        branch("to-release", ("note", {"release-note.txt": "note\n"}, ""))
        many: dict[str, str | Blob | None] = {
            f"gen/file_{number:03d}.txt": f"generated {number}\n" * 40 for number in range(120)
        }
        branch("big-change", ("generate 120 files", many, ""))
        branch("nochange")
        readme: dict[str, str | Blob | None] = {"README.md": "# hello\n\nOther words on main.\n"}
        self._tick()
        git.commit("main", "reword readme", readme, OWNER, self.world.now(), sha=MAIN)

    def _add_labels(self) -> None:
        world, hello = self.world, self.hello
        for name, color in (("bug", "ee0701"), ("flaky-test", "fbca04"), ("ci", "0052cc"), ("kind/infra", "5319e7")):
            world.add_label(hello, name, color, description=f"about {name}")
        world.add_label(hello, "scope/a", "111111", exclusive=True)
        world.add_label(hello, "scope/b", "222222", exclusive=True)
        world.add_label("octo", "org-wide", "333333")
        due = int(datetime(2027, 1, 31, tzinfo=UTC).timestamp())
        world.add_milestone(hello, "v2", "milestone v2", due)
        world.add_milestone(hello, "v3", "milestone v3")

    def _open_pulls(self) -> None:
        world, hello = self.world, self.hello
        octavia, hugo = world.users["octavia"], world.users["hugo"]
        heads = {
            "feature/multiply": "Add multiplication",
            "conflict": "Conflicting readme",
            "wip": "WIP: not yet",
            **{name: f"Change {name}" for name in ("to-merge", "to-squash", "to-rebase", "to-close", "to-vanish")},
            "to-release": "Into release",
            "big-change": "Generate many files",
        }
        for head, title in heads.items():
            self._tick()
            body = "Adds `mul`.\n\nFixes nothing yet." if head == "feature/multiply" else f"Body of {title}."
            base = "release" if head == "to-release" else "main"
            issue = world.open_pull(hello, octavia, title, head=head, base=base, body=body)
            if head == "feature/multiply":
                world.set_labels(issue, octavia, [label for label in hello.labels if label.name == "ci"])
                world.set_assignees(issue, octavia, [octavia])
                for reviewer in (hugo, world.users["rita"]):
                    world.request_review(issue, octavia, reviewer)
        world.protect(hello, "release", 1, ["continuous-integration/drone/pr"])
        fork = world.add_repo("hugo/hello", parent=hello, has_issues=False)
        fork.git.commits.update(hello.git.commits)
        fork.git.branches["main"] = fork.git.branches["patch-1"] = MAIN
        fork.git.commit("patch-1", "from the fork", {"fork.txt": "from the fork\n"}, OWNER, world.now())
        world.open_pull(
            hello, hugo, "From a fork", head="patch-1", base="main", body="Body of From a fork.", head_repo=fork
        )

    def _add_statuses(self) -> None:
        drone = "continuous-integration/drone"
        self._status(MAIN, "pending", f"{drone}/push", 41, "Build is pending")
        self._status(MAIN, "success", f"{drone}/push", 41, "Build is passing")
        self._status(GOOD, "failure", f"{drone}/pr", 43, "Build is failing")
        self._status(GOOD, "success", f"{drone}/push", 44, "Build is passing")
        self._status(GOOD, "pending", "license/check", 1, "waiting")

    def _status(self, sha: str, state: str, context: str, number: int, description: str) -> None:
        link = f"https://drone.example.com/octo/hello/{number}"
        owner = self.world.users["octavia"]
        self.world.add_status(self.hello, sha, owner, state, context, target_url=link, description=description)

    def _merge_and_review(self) -> None:
        world, hello = self.world, self.hello
        octavia = world.users["octavia"]
        for number, (style, sha) in MERGED.items():
            self._tick()
            world.merge(hello, hello.issues[number], octavia, style, sha=sha)
        world.set_state(hello.issues[7], octavia, "closed")
        world.delete_branch(hello, "to-vanish")
        good = hello.issues[1]
        world.review(good, world.users["hugo"], "REQUEST_CHANGES", "Please fix the test.", comments=2).official = True
        world.review(good, world.users["rita"], "COMMENT", "Looking.")
        world.comment(good, octavia, "Thanks, on it.")

    def _issue(self, title: str, body: str, login: str = "octavia", *, closed: bool = False) -> Issue:
        self._tick()
        issue = self.world.create_issue(self.hello, self.world.users[login], title, body)
        if closed:
            self.world.set_state(issue, issue.author, "closed")
        return issue

    def _add_issues(self) -> None:
        world, hello = self.world, self.hello
        octavia, hugo, rita = (world.users[login] for login in ("octavia", "hugo", "rita"))
        labels = {label.name: label for label in hello.labels}
        steps = "Steps:\n\n1. push\n2. see it fail\n\nSee build https://drone.example.com/octo/hello/42 and #1."
        first = self._issue("Build fails on arm64", steps)
        world.set_milestone(first, octavia, hello.milestones[0])
        world.set_labels(first, octavia, [labels["bug"], labels["ci"]])
        world.set_assignees(first, octavia, [hugo])
        marker = "<!-- drone-mcp:flaky octo/hello default/test TestMul -->"
        flaky = self._issue("Flaky step: test (TestMul)", f"Seen in builds 42, 43.\n\n{marker}", "ci-bot")
        world.set_labels(flaky, octavia, [labels["flaky-test"]])
        blocked = self._issue("Blocked work", "waits for the other")
        blocked.blockers.append(self._issue("Blocking work", "must come first"))
        self._issue("A heated one", "calm down").is_locked = True
        self._issue("Already done", "done", closed=True)
        many = self._issue("Many comments", "talk")
        for number in range(1, 201):
            self._tick()
            text = f"comment number {number}" + (" @rita look" if number == 150 else "")
            world.comment(many, octavia if number % 2 else hugo, text)
        for number in range(1, 151):
            needle = "needle" if number % 50 == 0 else ""
            author = ("octavia", "hugo", "rita")[number % 3]
            body = f"body of bulk issue {number} {needle}"
            issue = self._issue(f"Bulk issue {number}", body, author, closed=number % 5 == 0)
            if number % 10 == 0 and author != "rita":
                world.set_labels(issue, issue.author, [labels["bug"]])
        self._tick()
        world.comment(first, rita, "Duplicate of #13? cc @hugo").id = 276
        world.set_labels(first, octavia, [labels["kind/infra"]])
        world.set_title(first, octavia, "Build fails on arm64 runners")
        first.pin_order = 1
        world.add_event(first, "pin", octavia)
        world.create_issue(world.repos["octo/secret"], octavia, "Secret thing", "hidden")
        attic = world.repos["octo/attic"]
        world.create_issue(attic, octavia, "Old thing", "old")
        world.open_pull(attic, octavia, "Old PR", head="side", base="main")
        attic.archived = True
        world.renamed["octo/oldname"] = "octo/newname"
