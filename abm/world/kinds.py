"""Kinds of organisation and tie as plain integers, which compiled kernels take as constants."""

from abm.world.place import OrganisationKind, SegmentGroup, TieKind

ACUTE = int(OrganisationKind.ACUTE)
COMMUNITY = int(OrganisationKind.COMMUNITY)
COMMISSIONER = int(OrganisationKind.COMMISSIONER)
PRACTICE = int(OrganisationKind.PRACTICE)
LOCAL_AUTHORITY = int(OrganisationKind.LOCAL_AUTHORITY)

COMMISSIONER_COMMUNITY = int(TieKind.COMMISSIONER_COMMUNITY)
COMMISSIONER_PRACTICE = int(TieKind.COMMISSIONER_PRACTICE)
ACUTE_COMMUNITY = int(TieKind.ACUTE_COMMUNITY)
HOSPITAL_PRACTICE = int(TieKind.HOSPITAL_PRACTICE)
PRACTICE_PRACTICE = int(TieKind.PRACTICE_PRACTICE)

TO_PRACTICES = int(SegmentGroup.PRACTICES)
TO_OTHERS = int(SegmentGroup.OTHERS)
