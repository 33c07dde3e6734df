"""Who held which role where, and who acted for whom (semantics 15, 15a, 15b, 25)."""

from __future__ import annotations

from tests.parity.oracle.conditions import Truth
from tests.parity.oracle.days import read_day
from tests.parity.oracle.world import Item, View, ancestors, exists

from wuding.domain.post import Post


def is_absent(view: View, person: str, day: int) -> bool:
    for fact in view.rulings:
        if fact.type == "absence" and fact.fields["person"] == person:
            start = read_day(fact.fields["from"])
            until = fact.fields.get("to")
            if start <= day and (until is None or day <= read_day(until)):
                return True
    return False


def present(view: View, post: Post, capacity: str, day: int) -> bool:
    """Whether somebody of that capacity, in the same role at the same place, is there and not away."""
    return any(
        other.capacity == capacity and exists(other, day) and not is_absent(view, other.person, day)
        and (other.role, other.grid, other.subject) == (post.role, post.grid, post.subject)
        for other in view.world.posts
    )  # fmt: skip


def counts(view: View, post: Post, day: int) -> bool:
    """15: a principal always; an A when no principal is present; a B when no principal and no A is."""
    if post.capacity == "principal":
        return True
    if present(view, post, "principal", day):
        return False
    return post.capacity == "A" or not present(view, post, "A", day)


def is_at(view: View, post: Post, grid: str | None, subject: str | None, day: int) -> bool:
    """Whether the post is at the grid or subject concerned, or sees it from above (15, 15a)."""
    if post.subject is not None:
        return post.subject == subject
    role = view.program.domain.roles.get(post.role)
    if role and role.sees == "all":
        return True
    if role and role.sees == "subtree":
        return post.grid in ancestors(view, grid, day)
    return post.grid == grid


def acted(view: View, by: tuple[str, ...], deed: Item, holder: Item | None, day: int) -> Truth:
    """15: whether the deed was done by one of the roles, at the grid of the holder (or case), else of the deed."""
    if deed.actor is None:
        return None
    concerned = holder or deed
    if by == ("self",):  # 15b
        if concerned.kind == "post":
            return deed.actor == concerned.actor
        return deed.actor == (concerned.grid if concerned.subject is None else concerned.subject)
    subject = concerned.subject or deed.subject
    grid = concerned.grid
    if concerned.kind == "subject":  # the subject's grid on the day of the deed
        grid = next((s.grid for s in view.world.subjects if s.id == concerned.id and exists(s, day)), deed.grid)
    return any(
        post.person == deed.actor and post.role in by and exists(post, day)
        and is_at(view, post, grid, subject, day) and counts(view, post, day)
        for post in view.world.posts
    )  # fmt: skip


def staff(view: View, role: str, grid: str | None, subject: str | None, day: int) -> list[str]:
    """25: who holds the role there on that day."""
    there = {
        post.person for post in view.world.posts
        if post.role == role and exists(post, day)
        and ((post.subject is None and post.grid == grid) or (post.subject is not None and post.subject == subject))
    }  # fmt: skip
    return sorted(there)
