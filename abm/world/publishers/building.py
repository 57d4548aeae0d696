"""Build a place from what was read and matched."""

import math
import re
from collections.abc import Sequence

import numpy as np

from abm.errors import InvalidInput, Problem, did_you_mean
from abm.world.place import Floats, Integers, Place
from abm.world.practices import share_use
from abm.world.publishers.catchment import catchments, count_beds
from abm.world.publishers.folder import COMMISSIONERS, FLOWS, PRACTICES, PROVIDERS, USE
from abm.world.publishers.matching import Matched, match
from abm.world.publishers.naming import label_of, place_names, provider_name
from abm.world.publishers.publications import Publications
from abm.world.publishers.reconciliation import Reconciliation
from abm.world.publishers.siting import Sited, site
from abm.world.publishers.vintages import tell_vintages
from abm.world.ties import Draft, Roster, Rules, Service, join, neighbour_pairs

RULES = Rules(tie_share=0.05, main_share=0.2, community_use=0.25, social_care_weight=0.1)
"""As in the shipped places, with their sources there."""
NEIGHBOURS = 4
DECAY_KM, USE_NOISE, SEED = 12.0, 0.3, 1
"""How use by practices is drawn around the commissioner's where no table gives it, as in shipped places."""
COMMUNITY = re.compile(r"COMMUNITY|MENTAL|PARTNERSHIP|HEALTH AND (SOCIAL )?CARE|HEALTH & CARE|HEALTHCARE")
NOT_COMMUNITY = re.compile(r"AMBULANCE|HOSPITAL|CHILDREN")
"""Words in the names of providers of community or mental health services, and in those of others."""


def build_place(
    data: Publications, commissioners: Sequence[str] | None, name: str
) -> tuple[Place, Reconciliation]:
    """Build a place of one or more commissioners.

    Parameters
    ----------
    data : Publications
        What was read.
    commissioners : sequence of str or None
        Codes, each of which becomes a place; None for all that can be built.
    name : str
        Name of the result.

    Returns
    -------
    place : Place
    told : Reconciliation
        Every code that did not match, and every assumption.

    Raises
    ------
    InvalidInput
        When a commissioner is unknown, or lacks practices or flows.
    """
    told = Reconciliation()
    scope = None if commissioners is None else sorted({code.strip().upper() for code in commissioners})
    tell_vintages(data, scope, told)
    matched = match(data, scope, told)
    chosen = sorted(matched.members) if scope is None else scope
    check_chosen(data, matched, chosen, scope is None)
    hospitals, left_out = keep_hospitals(matched, chosen)
    sited = site(data, matched, chosen, hospitals, told)
    population = np.array([matched.people(code) for code in chosen])
    if left_out:
        told.tell_codes(
            data.file_of(FLOWS),
            f"providers have less than {RULES.tie_share:.0%} of every place and practice; "
            "their use counts as outside",
            left_out,
        )
    hospital_use = service_of(
        [
            (hospitals.index(provider), place, share)
            for place, code in enumerate(chosen)
            for provider, share in matched.flows[code].items()
            if provider in hospitals
        ]
    )
    catchment, outside = catchments(matched, chosen, hospitals, data.file_of(FLOWS), told)
    beds, occupancy = count_beds(data, matched, hospitals, catchment, told)
    practices = sorted(practice for code in chosen for practice in matched.members[code])
    home = {practice: row for row, code in enumerate(chosen) for practice in matched.members[code]}
    practice = Roster(
        practices,
        [data.practices[code].name.title() for code in practices],
        np.array([matched.lists[code] for code in practices]),
        np.array([sited.practices[code] for code in practices]),
    )
    practice_place = np.array([home[code] for code in practices], dtype=np.int64)
    hospital_position = np.array([sited.providers[code] for code in hospitals])
    community, community_service = choose_community(data, matched, sited, chosen, told)
    names = place_names(data, chosen)
    told.tell(
        "assumptions",
        "no file tells of local authorities: the place has none; ties as in the shipped places: "
        f"from {RULES.tie_share:.0%} of use, {NEIGHBOURS} nearest practices",
    )
    own = np.arange(len(chosen))
    place = join(
        Draft(
            name=name,
            label=label_of(names),
            place_names=names,
            population=population,
            acute=Roster(
                hospitals, [provider_name(data, code) for code in hospitals], catchment, hospital_position
            ),
            beds=beds,
            occupancy=occupancy,
            hospital_use=hospital_use,
            outside_share=outside,
            community=community,
            community_service=community_service,
            commissioner=Roster(
                chosen,
                [f"{found} commissioner" for found in names],
                population,
                np.array([sited.commissioners[code] for code in chosen]),
            ),
            commissioner_service=Service(own, own, np.ones(len(chosen))),
            practice=practice,
            practice_place=practice_place,
            practice_use=spread_use(data, matched, chosen, hospitals, practice, practice_place, hospital_use,
                                    hospital_position, told),
            neighbours=neighbour_pairs(practice.position, practice_place, NEIGHBOURS)[0],
            authority=Roster([], [], np.zeros(0), np.zeros((0, 2))),
            authority_service=service_of([]),
            rules=RULES,
        )
    )  # fmt: skip
    return place, told


def check_chosen(data: Publications, matched: Matched, chosen: Sequence[str], is_all: bool) -> None:
    """Raise a problem for each commissioner that cannot be built."""
    problems = []
    for code in chosen:
        if code in matched.members:
            continue
        body = data.commissioners.get(code)
        file = data.file_of(COMMISSIONERS)
        if any(new in matched.members for new in matched.commissioners.parts(code)):
            became = " and ".join(sorted(matched.commissioners.parts(code)))
            told = f"'{code}' became {became}, which has its practices and flows; name that instead"
        elif body is None and all(code != row.commissioner for row in data.practices.values()):
            known = sorted(matched.members)
            hint = did_you_mean(code, known)
            told = f"'{code}' is in neither {file} nor {data.file_of(PRACTICES)}{hint}"
            several = ", ".join(known[:8])
            told += f" Valid are {len(known):,} codes such as {several}; '--all' builds them all"
        elif code in matched.flows:
            closed = f"; it closed on {body.closed}" if body is not None and body.closed else ""
            told = f"'{code}' has no open practice with a list in {data.file_of(PRACTICES)}{closed}"
            told += "; name the commissioner that took over, or use files of one time"
        else:
            told = f"'{code}' has no flows in {data.file_of(FLOWS)} and no practice with use in a table"
            told += "; add its rows, or a table of use by practices"
        problems.append(Problem("--commissioner", None, told))
    if is_all and not chosen:
        told = (
            "no commissioner has both practices with lists and flows; are the files of one country and time?"
        )
        problems.append(Problem("--all", None, told))
    if problems:
        raise InvalidInput(problems)


def keep_hospitals(matched: Matched, chosen: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the providers with enough of a place or of a practice to have ties, and the others."""
    found: dict[str, bool] = {}
    for code in chosen:
        flows = matched.flows[code]
        for provider, share in flows.items():
            found[provider] = found.get(provider, False) or share >= RULES.tie_share
        for practice in matched.members[code]:
            for provider, share in matched.use.get(practice, {}).items():
                if provider in flows and share >= RULES.tie_share:
                    found[provider] = True
    return sorted(code for code, is_kept in found.items() if is_kept), sorted(
        code for code, is_kept in found.items() if not is_kept
    )


def spread_use(
    data: Publications,
    matched: Matched,
    chosen: Sequence[str],
    hospitals: Sequence[str],
    practice: Roster,
    practice_place: Integers,
    hospital_use: Service,
    hospital_position: Floats,
    told: Reconciliation,
) -> Service:
    """Return the practices' shares of use: from the table, or the commissioner's, or drawn around these."""
    rows: list[tuple[int, int, float]] = []
    number = {code: row for row, code in enumerate(hospitals)}
    used = hospital_use.by_place(len(chosen))
    if not data.use:
        told.tell(USE, "no table: use by practices drawn around the commissioner's, by distance")
        for place, users in enumerate(used):
            members = np.flatnonzero(practice_place == place)
            near = np.array([hospital for hospital, _ in users])
            share = np.array([share for _, share in users])
            drawn = share_use(
                SEED,
                f"place {chosen[place]}",
                practice.people[members],
                practice.position[members],
                hospital_position[near],
                share,
                max(1.0 - math.fsum(share.tolist()), 0.0),
                DECAY_KM,
                USE_NOISE,
            )
            for member, shares in zip(members.tolist(), drawn.tolist(), strict=True):
                rows += [(hospital, member, part) for (hospital, _), part in zip(users, shares, strict=False)]
        return service_of(rows)
    lost, whole = 0.0, 0.0
    for row, (code, place) in enumerate(zip(practice.id, practice_place.tolist(), strict=True)):
        here = {hospital for hospital, _ in used[place]}
        given = matched.use.get(code, {})
        kept = [(number[found], share) for found, share in given.items() if number.get(found) in here]
        lost += (math.fsum(given.values()) - math.fsum(share for _, share in kept)) * practice.people[row]
        whole += math.fsum(given.values()) * practice.people[row]
        rows += [(hospital, row, share) for hospital, share in sorted(kept or used[place]) if share > 0.0]
    if lost > 0.0:
        told.tell(
            data.file_of(USE),
            f"{lost / whole:.1%} of use is at providers that the practice's commissioner does not use or that "
            "are not kept; counted as outside",
        )
    return service_of(rows)


def choose_community(
    data: Publications,
    matched: Matched,
    sited: Sited,
    chosen: Sequence[str],
    told: Reconciliation,
) -> tuple[Roster, Service]:
    """Assign to each commissioner the nearest provider of community or mental health services."""
    acute = {provider for shares in matched.flows.values() for provider in shares}
    candidates = [
        code
        for code in sorted(data.providers)
        if code not in acute
        and code in sited.providers
        and COMMUNITY.search(data.providers[code].name.upper())
        and not NOT_COMMUNITY.search(data.providers[code].name.upper())
    ]
    file = data.file_of(PROVIDERS)
    if not candidates:
        told.tell(file, "no provider of community services is recognised by its name; the place has none")
        return Roster([], [], np.zeros(0), np.zeros((0, 2))), service_of([])
    where = np.array([sited.providers[code] for code in candidates])
    serving: dict[str, str] = {}
    people: dict[str, float] = {}
    for code in matched.members:
        if code not in sited.commissioners:
            continue
        apart = ((where - sited.commissioners[code]) ** 2).sum(axis=1)
        serving[code] = candidates[int(np.argmin(apart))]
        people[serving[code]] = people.get(serving[code], 0.0) + matched.people(code)
    kept = sorted({serving[code] for code in chosen})
    told.tell_codes(
        file,
        "who provides community services is in no file: assumed the nearest provider whose name says so",
        [f"{serving[code]} in {code}" for code in chosen],
    )
    roster = Roster(
        kept,
        [provider_name(data, code) for code in kept],
        np.array([people[code] for code in kept]),
        np.array([sited.providers[code] for code in kept]),
    )
    return roster, service_of([(kept.index(serving[code]), row, 1.0) for row, code in enumerate(chosen)])


def service_of(rows: Sequence[tuple[int, int, float]]) -> Service:
    """Turn (organisation, place, share) rows into columns."""
    return Service(
        np.array([organisation for organisation, _, _ in rows], dtype=np.int64),
        np.array([place for _, place, _ in rows], dtype=np.int64),
        np.array([share for _, _, share in rows], dtype=np.float64),
    )
