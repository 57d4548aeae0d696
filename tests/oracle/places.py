"""Small places on which the oracle is compared: three made by hand, and others drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from abm.world.assembly import Flows, Organisations, Ties, Work, assemble
from abm.world.place import OrganisationKind, Place, TieKind

Pair = tuple[str, str]

KM_APART = 40.0
"""Distance from one place of a sketch to the next."""


@dataclass
class Sketch:
    """Collect a place by names, and assemble it into arrays.

    Organisations are named by strings; the rest refers to those names.
    """

    people: dict[str, float]
    organisations: dict[str, tuple[OrganisationKind, str, float]] = field(default_factory=dict)
    beds: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    flows: dict[Pair, tuple[float, float]] = field(default_factory=dict)
    work: dict[Pair, float] = field(default_factory=dict)
    ties: list[tuple[TieKind, str, str, str, float, float, float]] = field(default_factory=list)

    def hospital(
        self, name: str, home: str, people: float, beds: float, occupancy: float, outside: float
    ) -> None:
        """Add an acute provider."""
        self.organisations[name] = (OrganisationKind.ACUTE, home, people)
        self.beds[name] = (beds, occupancy, outside)

    def tie(
        self,
        kind: TieKind,
        first: str,
        second: str,
        place: str,
        *,
        need: float = 1.0,
        use: float = 0.0,
        core: float = 0.0,
    ) -> None:
        """Add a tie."""
        self.ties.append((kind, first, second, place, need, use, core))

    def assemble(self, name: str) -> Place:
        """Turn the names into arrays."""
        places = list(self.people)
        names = sorted(self.organisations, key=lambda one: (self.organisations[one][0], one))
        row = {one: number for number, one in enumerate(names)}
        records = [self.organisations[one] for one in names]
        home = np.array([places.index(record[1]) for record in records], dtype=np.int64)
        angle = np.arange(len(names)) * 2.4
        return assemble(
            name=name,
            label=name.title(),
            place_names=places,
            population=np.array(list(self.people.values()), dtype=np.float64),
            organisations=Organisations(
                id=names,
                name=[one.title() for one in names],
                kind=np.array([record[0] for record in records], dtype=np.int64),
                home=home,
                people=np.array([record[2] for record in records], dtype=np.float64),
                position=np.stack([5.0 * np.cos(angle) + KM_APART * home, 5.0 * np.sin(angle)], axis=1),
                beds=np.array([self.beds.get(one, (0.0, 0.0, 0.0))[0] for one in names]),
                occupancy=np.array([self.beds.get(one, (0.0, 0.0, 0.0))[1] for one in names]),
            ),
            flows=Flows(
                provider=np.array([row[provider] for provider, _ in self.flows], dtype=np.int64),
                place=np.array([places.index(place) for _, place in self.flows], dtype=np.int64),
                of_provider=np.array([shares[0] for shares in self.flows.values()]),
                of_place=np.array([shares[1] for shares in self.flows.values()]),
                outside=np.array([self.beds[one][2] for one in names if one in self.beds]),
            ),
            work=Work(
                organisation=np.array([row[owner] for owner, _ in self.work], dtype=np.int64),
                place=np.array([places.index(place) for _, place in self.work], dtype=np.int64),
                share=np.array(list(self.work.values())),
            ),
            ties=Ties(
                first=np.array([row[tie[1]] for tie in self.ties], dtype=np.int64),
                second=np.array([row[tie[2]] for tie in self.ties], dtype=np.int64),
                kind=np.array([tie[0] for tie in self.ties], dtype=np.int64),
                place=np.array([places.index(tie[3]) for tie in self.ties], dtype=np.int64),
                need=np.array([tie[4] for tie in self.ties]),
                use_share=np.array([tie[5] for tie in self.ties]),
                core_weight=np.array([tie[6] for tie in self.ties]),
            ),
        )


def make_pair() -> Place:
    """Build the smallest place: a hospital, a commissioner, a practice, and a tie between each two."""
    sketch = Sketch({"hamlet": 9_000.0})
    sketch.hospital("infirmary", "hamlet", 9_000.0, 30.0, 0.85, 0.0)
    sketch.organisations["purse"] = (OrganisationKind.COMMISSIONER, "hamlet", 9_000.0)
    sketch.organisations["surgery"] = (OrganisationKind.PRACTICE, "hamlet", 9_000.0)
    sketch.flows["infirmary", "hamlet"] = (1.0, 1.0)
    sketch.work["purse", "hamlet"] = 1.0
    sketch.tie(TieKind.COMMISSIONER_ACUTE, "infirmary", "purse", "hamlet", need=9.0, core=1.0)
    sketch.tie(TieKind.COMMISSIONER_PRACTICE, "purse", "surgery", "hamlet", need=9.0, use=1.0)
    sketch.tie(TieKind.HOSPITAL_PRACTICE, "infirmary", "surgery", "hamlet", need=9.0, use=1.0)
    return sketch.assemble("pair")


def make_town() -> Place:
    """Build a place without a local authority: a hospital, community services, a commissioner, four practices."""
    sketch = Sketch({"town": 40_000.0})
    sketch.hospital("general", "town", 52_000.0, 160.0, 0.88, 0.2)
    sketch.organisations["community"] = (OrganisationKind.COMMUNITY, "town", 60_000.0)
    sketch.organisations["commissioner"] = (OrganisationKind.COMMISSIONER, "town", 45_000.0)
    sketch.flows["general", "town"] = (0.8, 1.0)
    sketch.work["community", "town"] = 0.7
    sketch.work["commissioner", "town"] = 0.9
    sketch.tie(TieKind.COMMISSIONER_ACUTE, "general", "commissioner", "town", need=40.0, core=0.5)
    sketch.tie(TieKind.COMMISSIONER_COMMUNITY, "community", "commissioner", "town", need=12.0, core=0.2)
    sketch.tie(TieKind.ACUTE_COMMUNITY, "general", "community", "town", need=20.0, core=0.3)
    for number, people in enumerate((16_000.0, 11_000.0, 9_000.0, 4_000.0)):
        practice = f"practice{number}"
        sketch.organisations[practice] = (OrganisationKind.PRACTICE, "town", people)
        use = 0.9 - 0.1 * number
        sketch.tie(
            TieKind.COMMISSIONER_PRACTICE, "commissioner", practice, "town", need=people / 1e3, use=1.0
        )
        sketch.tie(TieKind.HOSPITAL_PRACTICE, "general", practice, "town", need=use * people / 1e3, use=use)
        sketch.tie(
            TieKind.HOSPITAL_PRACTICE,
            "community",
            practice,
            "town",
            need=(1 - use) * people / 1e3,
            use=1 - use,
        )
    for first, second in ((0, 1), (1, 2), (0, 3)):
        sketch.tie(TieKind.PRACTICE_PRACTICE, f"practice{first}", f"practice{second}", "town", need=2.0)
    return sketch.assemble("town")


def make_valleys() -> Place:
    """Build two places that share a hospital, community services and a local authority."""
    sketch = Sketch({"upper": 30_000.0, "lower": 70_000.0})
    sketch.hospital("cottage", "upper", 20_000.0, 70.0, 0.83, 0.1)
    sketch.hospital("royal", "lower", 110_000.0, 400.0, 0.91, 0.25)
    sketch.flows["cottage", "upper"] = (0.9, 0.6)
    sketch.flows["royal", "upper"] = (0.15, 0.4)
    sketch.flows["royal", "lower"] = (0.6, 1.0)
    sketch.organisations["services"] = (OrganisationKind.COMMUNITY, "lower", 130_000.0)
    sketch.organisations["county"] = (OrganisationKind.LOCAL_AUTHORITY, "lower", 150_000.0)
    for organisation, shares in (("services", (0.3, 0.5)), ("county", (0.2, 0.45))):
        for place, share in zip(sketch.people, shares, strict=True):
            sketch.work[organisation, place] = share
    for place, people in sketch.people.items():
        commissioner = f"commissioner of {place}"
        sketch.organisations[commissioner] = (OrganisationKind.COMMISSIONER, place, people)
        sketch.work[commissioner, place] = 1.0
    for place in sketch.people:
        hospitals = ("cottage", "royal") if place == "upper" else ("royal",)
        commissioner = f"commissioner of {place}"
        for hospital in hospitals:
            core = 0.4 / len(hospitals)
            sketch.tie(TieKind.COMMISSIONER_ACUTE, hospital, commissioner, place, need=30.0 * core, core=core)
            sketch.tie(TieKind.ACUTE_COMMUNITY, hospital, "services", place, need=5.0, core=core / 2)
            sketch.tie(TieKind.LOCAL_AUTHORITY, hospital, "county", place, need=3.0, core=core / 4)
        sketch.tie(TieKind.COMMISSIONER_COMMUNITY, "services", commissioner, place, need=15.0, core=0.15)
        sketch.tie(TieKind.LOCAL_AUTHORITY, "services", "county", place, need=4.0, core=0.1)
        sketch.tie(TieKind.LOCAL_AUTHORITY, commissioner, "county", place, need=6.0, core=0.05)
        for number, share in enumerate((0.4, 0.3, 0.2, 0.1)):
            practice = f"practice {number} of {place}"
            people = sketch.people[place] * share
            sketch.organisations[practice] = (OrganisationKind.PRACTICE, place, people)
            sketch.tie(
                TieKind.COMMISSIONER_PRACTICE, commissioner, practice, place, need=people / 1e3, use=1.0
            )
            # Not all members of a network use the same hospitals.
            used = hospitals if number < 2 else hospitals[-1:]
            for hospital in used:
                use = 0.7 / len(used)
                sketch.tie(
                    TieKind.HOSPITAL_PRACTICE, hospital, practice, place, need=use * people / 1e3, use=use
                )
            sketch.tie(
                TieKind.HOSPITAL_PRACTICE, "services", practice, place, need=0.3 * people / 1e3, use=0.3
            )
        for first, second in ((0, 1), (0, 2), (1, 2), (2, 3)):
            sketch.tie(
                TieKind.PRACTICE_PRACTICE,
                f"practice {first} of {place}",
                f"practice {second} of {place}",
                place,
                need=1.0 + first,
            )
    sketch.tie(TieKind.ACUTE_ACUTE, "cottage", "royal", "upper", need=8.0)
    return sketch.assemble("valleys")


def draw_place(seed: int, places: int, hospitals: int, practices: int, has_local_authority: bool) -> Place:
    """Draw a place with every kind of organisation and tie that its size allows.

    Parameters
    ----------
    seed : int
        Seed of the draw.
    places, hospitals : int
        Numbers of places and of acute providers, of which every place uses one or more.
    practices : int
        Practices in each place.
    has_local_authority : bool
        Whether one local authority works in all places.
    """
    random = np.random.default_rng(seed)
    names = [f"place{number}" for number in range(places)]
    sketch = Sketch({name: float(random.uniform(1e4, 2e5)) for name in names})
    providers = [f"hospital{number}" for number in range(hospitals)]
    used = {name: [one for one in providers if random.random() < 0.5] for name in names}
    for number, provider in enumerate(providers):
        users = used[names[number % places]]
        if provider not in users:
            users.append(provider)
    for name in names:
        used[name] = used[name] or [providers[0]]

    for number, provider in enumerate(providers):
        outside = float(random.uniform(0.0, 0.3))
        home = names[number % places]
        sketch.hospital(
            provider, home, float(random.uniform(5e4, 4e5)), 100.0 + number, 0.8 + 0.05 * number, outside
        )
        users = [name for name in names if provider in used[name]]
        shares = (1.0 - outside) * random.dirichlet(np.full(len(users), 3.0))
        for name, share in zip(users, shares.tolist(), strict=True):
            sketch.flows[provider, name] = (share, 0.0)
    for name in names:
        shares = random.dirichlet(np.full(len(used[name]), 3.0)).tolist()
        for provider, share in zip(used[name], shares, strict=True):
            sketch.flows[provider, name] = (sketch.flows[provider, name][0], share)

    sketch.organisations["services"] = (
        OrganisationKind.COMMUNITY,
        names[-1],
        float(random.uniform(5e4, 4e5)),
    )
    shared = ["services"]
    if has_local_authority:
        sketch.organisations["council"] = (OrganisationKind.LOCAL_AUTHORITY, names[0], 3e5)
        shared.append("council")
    for one in shared:
        for name, share in zip(names, random.dirichlet(np.full(places, 5.0)).tolist(), strict=True):
            sketch.work[one, name] = 0.9 * share
    for name in names:
        draw_ties(sketch, random, name, used[name], practices, has_local_authority)
    for provider, name in zip(providers[1:], names[1:] + names[:1], strict=False):
        if provider in used[name] and providers[0] in used[name]:
            sketch.tie(TieKind.ACUTE_ACUTE, providers[0], provider, name, need=3.0)
    return sketch.assemble(f"drawn {seed}")


def draw_ties(
    sketch: Sketch,
    random: np.random.Generator,
    place: str,
    hospitals: list[str],
    practices: int,
    has_local_authority: bool,
) -> None:
    """Draw the commissioners, practices and ties of one place."""
    commissioners = [f"commissioner{number} of {place}" for number in range(int(random.integers(1, 3)))]
    core: list[tuple[TieKind, str, str]] = []
    for commissioner in commissioners:
        sketch.organisations[commissioner] = (
            OrganisationKind.COMMISSIONER,
            place,
            float(random.uniform(1e4, 5e5)),
        )
        sketch.work[commissioner, place] = 1.0
        core += [(TieKind.COMMISSIONER_ACUTE, hospital, commissioner) for hospital in hospitals]
        core.append((TieKind.COMMISSIONER_COMMUNITY, "services", commissioner))
    core += [(TieKind.ACUTE_COMMUNITY, hospital, "services") for hospital in hospitals]
    if has_local_authority:
        core += [
            (TieKind.LOCAL_AUTHORITY, one, "council") for one in (*hospitals, "services", *commissioners)
        ]
    weights = random.dirichlet(np.full(len(core), 4.0)).tolist()
    for (kind, first, second), weight in zip(core, weights, strict=True):
        sketch.tie(kind, first, second, place, need=float(random.uniform(1.0, 90.0)), core=weight)

    lists = sketch.people[place] * random.dirichlet(np.full(practices, 4.0))
    for number, people in enumerate(lists.tolist()):
        practice = f"practice{number} of {place}"
        sketch.organisations[practice] = (OrganisationKind.PRACTICE, place, people)
        for commissioner in commissioners:
            use = 1.0 / len(commissioners)
            sketch.tie(
                TieKind.COMMISSIONER_PRACTICE, commissioner, practice, place, need=people / 1e3, use=use
            )
        providers = [*hospitals, "services"]
        shares = random.dirichlet(np.full(len(providers), 3.0)).tolist()
        for provider, use in zip(providers, shares, strict=True):
            sketch.tie(TieKind.HOSPITAL_PRACTICE, provider, practice, place, need=use * people / 1e3, use=use)
        if number > 0:
            earlier = f"practice{int(random.integers(number))} of {place}"
            sketch.tie(
                TieKind.PRACTICE_PRACTICE, earlier, practice, place, need=float(random.uniform(0.5, 5.0))
            )
