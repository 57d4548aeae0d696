"""Organisations as Mesa agents: light views on rows of the model's arrays."""

from typing import TYPE_CHECKING, Any

import mesa

from abm.world.place import OrganisationKind

if TYPE_CHECKING:
    from abm.scenarios.integration_model import IntegrationModel


class StateValue:
    """Read and write an organisation's value in a state array as if it were an attribute.

    Parameters
    ----------
    array : str
        Name of a state array whose first axis counts organisations (or acute providers, which come first).
    """

    def __init__(self, array: str, description: str) -> None:
        self.array = array
        self.__doc__ = description

    def __get__(self, agent: Any, owner: type | None = None) -> Any:
        if agent is None:
            return self
        return float(agent.model.batch.state.arrays[self.array][agent.row, 0])

    def __set__(self, agent: Any, value: float) -> None:
        agent.model.batch.state.arrays[self.array][agent.row, 0] = value


class Organisation(mesa.Agent):
    """An organisation of a local health economy.

    Attributes
    ----------
    row : int
        Its row in the arrays of the place and the state.
    id, name, place : str
        Its identity, and the place it is at home in.
    population_served : float
        People at the start.
    """

    model: "IntegrationModel"

    orientation = StateValue("orientation", "0 fortress to 1 system leader")
    pressure = StateValue("pressure", "Index in [0, 1]")
    margin = StateValue("margin", "Share of income")
    tenure = StateValue("tenure", "Years since the leader arrived")
    effort = StateValue("effort", "Contacts a year given to others in the last month")

    def __init__(self, model: "IntegrationModel", row: int) -> None:
        super().__init__(model)
        place = model.place
        self.row = row
        self.id = place.organisation_id[row]
        self.name = place.organisation_name[row]
        self.place = place.place_names[place.organisation_place[row]]
        self.population_served = float(place.population_served[row])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @property
    def partners(self) -> list["Organisation"]:
        """Organisations it has a tie with."""
        return [self.model.organisation(other) for other in self.model.neighbours(self.row)]

    def trust_in(self, other: "Organisation") -> float:
        """Return this organisation's trust in another, in [0, 1].

        Raises
        ------
        KeyError
            If there is no tie between the two.
        """
        tie, side = self.model.tie(self.row, other.row)
        return float(self.model.batch.state.trust[tie, side, 0])

    def divergence_from(self, other: "Organisation") -> float:
        """Return the divergence of interests that it and another perceive, in [0, 1].

        Raises
        ------
        KeyError
            If there is no tie between the two.
        """
        tie, _ = self.model.tie(self.row, other.row)
        return float(self.model.batch.state.divergence[tie, 0])


class AcuteProvider(Organisation):
    """A hospital trust, with beds that fill."""

    occupancy = StateValue("occupancy", "Demand for beds over beds; above 1 what does not fit waits")
    waiting = StateValue("waiting", "Bed-years of demand per bed that wait")

    @property
    def beds(self) -> float:
        """General and acute beds at the start."""
        return float(self.model.place.beds[self.row])


class CommunityProvider(Organisation):
    """A provider of community and mental health services."""


class Commissioner(Organisation):
    """A commissioner of care for a registered population."""


class Practice(Organisation):
    """A general practice with a registered list."""

    trust_in_partners = StateValue("practice_trust", "Trust in its providers and commissioner, by use")

    @property
    def list_size(self) -> float:
        """Registered people now, 0 once it has closed."""
        return float(self.model.batch.state.list_size[self.row, 0])

    @property
    def is_open(self) -> bool:
        """Whether it has not closed."""
        return self.list_size > 0.0

    @property
    def fellows(self) -> list["Organisation"]:
        """The other practices of its network, none if it belongs to no network."""
        network = self.model.batch.state.network[:, 0]
        label = network[self.row]
        rows = [row for row, other in enumerate(network.tolist()) if label >= 0 and other == label]
        return [self.model.organisation(row) for row in rows if row != self.row]

    @property
    def is_engaged(self) -> bool:
        """Whether the practice is engaged in joint work."""
        return bool(self.model.batch.state.engaged[self.row, 0] > 0.0)


class LocalAuthority(Organisation):
    """A council with responsibility for social care."""


AGENT_CLASSES: dict[OrganisationKind, type[Organisation]] = {
    OrganisationKind.ACUTE: AcuteProvider,
    OrganisationKind.COMMUNITY: CommunityProvider,
    OrganisationKind.COMMISSIONER: Commissioner,
    OrganisationKind.PRACTICE: Practice,
    OrganisationKind.LOCAL_AUTHORITY: LocalAuthority,
}


def create_agents(model: "IntegrationModel") -> list[Organisation]:
    """Create an agent for every organisation of the model's place, in the order of its rows."""
    kinds = model.place.organisation_kind
    return [AGENT_CLASSES[OrganisationKind(int(kind))](model, row) for row, kind in enumerate(kinds)]
