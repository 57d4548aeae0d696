"""Define the content of a scenario file, and describe such files to editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, ValidationInfo, model_validator

from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.policy.catalogue import Catalogue, catalogue_of
from abm.policy.policy import DEFAULT_START, LeverSettings, PolicyBlock, replaces_faults
from abm.policy.schema import ParameterOverridesSchema, overrides_schema, settings_schema
from abm.policy.times import MONTH_PATTERN
from abm.records import SAYS_SOMETHING, Faults, FrozenMapping, Record, bounds
from abm.scenarios.structure import Structure, variant_conflicts

DEFAULT_HORIZON_YEARS = 10.0
LONGEST_HORIZON_YEARS = 50.0
VALID_HORIZON = f"valid is a whole number of months, in years, up to {LONGEST_HORIZON_YEARS:g}, such as 2.5"
MONTH_TOLERANCE = 1e-6
"""Largest departure of a horizon from whole months that counts as rounding, months."""
MOST_SUBSTEPS = 30
"""Most steps a month may be divided into: about a step a day."""


def horizon_complaint(horizon_years: Any) -> str | None:
    """Return why a horizon is not valid, or None if it is."""
    if not isinstance(horizon_years, int | float) or isinstance(horizon_years, bool):
        return f"horizon is {horizon_years!r}, not a number; {VALID_HORIZON}"
    months = horizon_years * MONTHS_PER_YEAR
    if (
        not 0 < horizon_years <= LONGEST_HORIZON_YEARS
        or abs(months - round(months)) > MONTH_TOLERANCE
        or round(months) < 1
    ):
        return f"horizon is {horizon_years:g} years; {VALID_HORIZON}"
    return None


def _require_whole_months(horizon_years: float) -> float:
    if horizon_complaint(horizon_years) is not None:
        raise ValueError(VALID_HORIZON)
    return horizon_years


def _read_overrides(data: Any, info: ValidationInfo) -> FrozenMapping[float]:
    if not isinstance(data, Mapping):
        raise ValueError(
            "it should be a mapping from names of parameters to values; 'abm parameters' lists them"
        )
    return catalogue_of(info.context).flat_overrides(data)


ParameterOverrides = Annotated[
    Mapping[str, float], PlainValidator(_read_overrides), PlainSerializer(dict), ParameterOverridesSchema
]
"""Overrides of parameters by flat name, read and checked from a mapping."""


class ScenarioFile(Record):
    """A scenario as written in its file, with names not yet looked up."""

    kind: ClassVar[str] = "scenario"

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="lower case, digits and underscores")
    label: str = Field(default="", pattern=SAYS_SOMETHING, description="a few words for tables and plots")
    description: str = Field(default="", pattern=SAYS_SOMETHING, description="what the scenario represents")
    source: str = Field(default="", description="where it comes from")
    assumptions: str = Field(default="", description="what is assumed beyond the source")
    place: str = Field(min_length=1, description="name of a place, or path of a place file")
    parameters: ParameterOverrides = Field(
        default_factory=FrozenMapping, description="parameters that differ from their defaults"
    )
    structure: Structure = Field(default_factory=Structure, description="structural variants by name")
    extensions: tuple[str, ...] = Field(
        default=(),
        max_length=bounds.LIST_OF_NAMES,
        description="files, modules or entry points that add levers and mechanisms; they are code",
    )
    policies: tuple[str, ...] = Field(
        default=(), max_length=bounds.LIST_OF_NAMES, description="names or paths of policy blocks, in order"
    )
    levers: LeverSettings = Field(
        default_factory=FrozenMapping, description="lever settings beside the policy blocks"
    )
    replaces: tuple[str, ...] = Field(
        default=(), description="levers whose setting by a policy block 'levers' replaces"
    )
    horizon_years: Annotated[float, AfterValidator(_require_whole_months)] = Field(
        default=DEFAULT_HORIZON_YEARS,
        gt=0,
        le=LONGEST_HORIZON_YEARS,
        description="years, a whole number of months",
    )
    start: str = Field(
        default=DEFAULT_START, pattern=MONTH_PATTERN, description="first month, such as '2014-04'"
    )
    substeps: int = Field(default=1, ge=1, le=MOST_SUBSTEPS, description="steps per month")

    @model_validator(mode="after")
    def _agrees_with_itself(self, info: ValidationInfo) -> ScenarioFile:
        faults = list(replaces_faults(self.replaces, self.levers, catalogue_of(info.context)))
        twice = variant_conflicts(self.structure.named, self.parameters)
        faults += [fault.under("parameters") for fault in twice]
        if faults:
            raise Faults(faults)
        return self


def json_schema(kind: str, catalogue: Catalogue | None = None) -> dict[str, Any]:
    """Return the JSON Schema of a kind of file, for editors.

    Parameters
    ----------
    kind : str
        'scenario', 'policy' or 'place'.
    catalogue : Catalogue, optional
        Levers and parameters that files may name; abm's own unless given.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind == "place":
        # Deferred: the record of a policy needs nothing of the world.
        from abm.world.place_loading import place_schema

        schema = place_schema()
    elif kind in ("scenario", "policy"):
        model: type[Record] = ScenarioFile if kind == "scenario" else PolicyBlock
        schema = model.model_json_schema(by_alias=True)
    else:
        raise ValueError(f"no kind of file is called {kind!r}; valid: scenario, policy, place")
    if catalogue is not None and kind != "place":
        told = {"levers": settings_schema(catalogue), "parameters": overrides_schema(catalogue)}
        schema["properties"] |= {key: value for key, value in told.items() if key in schema["properties"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"abm {kind} file", **schema}
