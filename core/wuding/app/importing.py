"""What is imported from files: trees, boundaries, facts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wuding.app.opened import built_in
from wuding.app.writing import Writing
from wuding.domain.fact import CORE
from wuding.errors import WudingError
from wuding.program.model import Domain

if TYPE_CHECKING:
    from wuding.intake.importing import Imported
    from wuding.store.ledger import Receipt


class Importing(Writing):
    """Recording whole files."""

    def import_grids(self, path: str | Path, root: str | None = None) -> Receipt:
        """Import a tree from CSV (`code,name,parent,level`); `root` takes a subtree. All or nothing."""
        from wuding.intake.grids import read_tree
        from wuding.store.registry import registry_frames

        known = set(registry_frames(self.ledger).grids.get_column("code"))
        return self.add_grids(read_tree(Path(path), root, known))

    def import_boundaries(
        self, path: str | Path, key: str = "code", fix: bool = False
    ) -> tuple[Receipt, tuple[str, ...]]:
        """Import boundaries from GeoJSON; answers with the codes that no grid has."""
        from wuding.intake.geojson import read_boundaries
        from wuding.store.registry import boundary_fact, registry_frames

        codes = set(registry_frames(self.ledger).grids.get_column("code"))
        found = read_boundaries(Path(path), codes, key, fix)
        now = self.ledger.clock()
        return self.ledger.append([boundary_fact(c, w, now) for c, w in found.wkb.items()]), found.unmatched

    def import_facts(
        self,
        path: str | Path,
        *,
        mapping: str | Path | None = None,
        fact: str | None = None,
        domain: str | None = None,
        again: bool = False,
        keep_good: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Imported:
        """Import facts (and the subjects and grids that a mapping makes) from CSV, JSONL or Parquet, gzipped or
        not. `mapping` is a path or the name of a plugin's mapping. All rows or none, unless `keep_good`."""
        from wuding.intake.importing import import_file
        from wuding.intake.known import known_frames
        from wuding.intake.mapping import parse_mapping, read_mapping
        from wuding.store.registry import registry_frames

        file = None
        if mapping is not None:
            found = self.shelf.mapping(str(mapping))
            file = parse_mapping(*found) if found else read_mapping(Path(mapping))
        owner = self._import_domain(fact, domain, file)
        frames = registry_frames(self.ledger)
        return import_file(
            Path(path),
            owner,
            known_frames(frames.grids, frames.subjects),
            self.ledger.zone,
            self.ledger.append_parts,
            self._seen,
            self.ledger.clock(),
            mapping=file,
            fact=fact and fact.rpartition("/")[2],
            again=again,
            keep_good=keep_good,
            progress=progress,
        )

    def _import_domain(self, fact: str | None, domain: str | None, file: Any) -> Domain:
        if domain is not None:
            if domain not in self.shelf.domains:
                raise WudingError("WD804", name=domain, known=", ".join(sorted(self.shelf.domains)))
            return self.shelf.domains[domain]
        if file is None:
            return self.domain_of(fact)[0] if fact else self.programs()[0][0].domain
        made = file.mapping
        # A domain that has all that the mapping names is meant: types may have the same name in several.
        found = [
            d
            for d in self.shelf.domains.values()
            if {f.fact for f in made.facts} <= set(d.facts)
            and {s.subject for s in made.subjects} <= set(d.subjects)
            and {g.grid for g in made.grids} <= set(d.levels)
        ]
        if found and made.facts and not built_in(made.facts[0].fact):
            return self.used(found, made.facts[0].fact)
        return self.domain_of(made.facts[0].fact)[0] if made.facts else self.programs()[0][0].domain

    def _seen(self, digest: str) -> bool:
        return any(f.fields.get("sha256") == digest for f in self.ledger.facts(domain=CORE, type="import"))
