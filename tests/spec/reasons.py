"""Why a requirement is not shown."""

from __future__ import annotations

import re

from .catalogue import OTHERS, Requirement

_INFORMATIVE = re.compile(
    r"For (?:more |additional )?(?:details|information)|For example|.*XML schema (?:for|of)\b|.*\bis described in\b"
    r"|The definition of|.*[Tt]he following (?:table|sections?|figure)|Unless otherwise specified"
    r"|The described organization|This (?:section|document|specification)|.*namespace prefix|.*\bconceptual model\b"
    r"|.*does not mandate that|None\.?$"
    r"|.*listed in the following table|.*see (?:\[[\w-]+\] )?section"
)
_SERVER = re.compile(
    r"(?:\[[^\]]*\]\s*)*(?:If|When)?[^.]*?\b[Tt]he server "
    r"(?:MUST|SHOULD|MAY|will|can|does|sends|returns|responds|uses|ignores)"
)
_SERVERS = re.compile(
    r"Implementations? |\[? ?Section [\d.]+:|.*\((?:<\d+> ?)?(?:Microsoft )?Exchange[^)]*\)?\.?\)?$|.*follow this behavior"
)
_SCHEMA = re.compile(
    r".*(?:TopLevelSchemaProps|schema groups?|[Ss]imple type|xs:|XML schema|\[XMLSCHEMA|[Pp]refix|namespace URI|Namespace URI"
    r"|well-formed XML|WAP\) Binary|Augmented Backus-Naur|ABNF|The following|protocol ?\[MS-AS\w+\] (?:consists|supports))"
)
_DEVICE = re.compile(
    r".*(?:SHOULD be ignored if the client|SHOULD ignore the|does not support the associated feature|password|encrypt"
    r"|destroy|erase|policy setting|in-memory|in-ROM|roaming|truncat|Truncat|complex)"
)
_PEOPLE = re.compile(r".*\b(?:[Uu]ser interface|\(UI\)|icon|is displayed|to the user|shown to|displays? )")
_TELLS = re.compile(
    r"(?:This|These|It|In this case|Therefore|However|Otherwise|Note|Additional|Any|Such|There|Essentially)\b(?!.*\b(?:client|MUST)\b)"
    r"|(?:A|An) [\w-]+(?: [\w-]+)? (?:is|are) (?:a|an|the|used)\b(?!.*MUST)"
    r"|(?:The )?[\w:]+ (?:command|element|class)(?: \([^)]*\))? (?:enables|allows|works|represents|identifies|provides|contains|indicates)\b(?!.*MUST)"
    r"|\[?[\w ]*sequence for [\w ,]*order"
)
_OTHER = re.compile(rf"\b({'|'.join(OTHERS)})\b")

DIFFERENCES = {
    id_: why
    for why, ids in {
        "names the parent in place of the element": ("MS-ASAIRS_R260",),
        "contradicts the table of Query and the schema, where it is a container": ("MS-ASCMD_R6667100906",),
        "speaks of FolderUpdate under FolderCreate, which a rule does not tell apart": ("MS-ASCMD_R2191",),
        "the element is read as a boolean": ("MS-ASCMD_R1609",),
        "the Models name values that servers may send all the same": ("MS-ASEMAIL_R265", "MS-ASEMAIL_R295"),
        "lists elements of ItemOperations, too": ("MS-ASCON_R24",),
        "the value is reserved: no Model names it": (
            "MS-ASCAL_R147",
            "MS-ASCAL_R166",
            "MS-ASCAL_R169",
        ),
        "the table of Find takes over what GAL says of Search; Find is in 16.1 only": (
            "MS-ASCMD_R6351100611",
            "MS-ASCMD_R6351100612",
            "MS-ASCMD_R6351100613",
            "MS-ASCMD_R6351100614",
        ),
        "contradicts the table of code page 16, in which FirstName is in every version": ("MS-ASCMD_R6559100816",),
        "the parent is Query in the schema and in the text of Query": ("MS-ASCMD_R982100604",),
        "Get is empty in a request and a container in its answer: a rule does not tell them apart": (
            "MS-ASCMD_R1736",
            "MS-ASCMD_R1752",
        ),
        "is about commands and answers together that the rule does not tell apart": (
            "MS-ASCMD_R815",
            "MS-ASCMD_R3658",
            "MS-ASCMD_R3987",
            "MS-ASCMD_R1933",
            "MS-ASCMD_R2072",
            "MS-ASAIRS_R103",
            "MS-ASAIRS_R209",
            "MS-ASTASK_R218",
            "MS-ASTASK_R280",
        ),
        "names a parent in a command that is not among these": (
            "MS-ASRM_R308",
            "MS-ASCMD_R6990101702",
            "MS-ASCMD_R6990101706",
            "MS-ASCMD_R6990101723",
            "MS-ASCMD_R6990101727",
            "MS-ASRM_R306",
            "MS-ASCMD_R1547",
        ),
        "Schema belongs to ItemOperations, not to Search": (
            "MS-ASCMD_R917",
            "MS-ASCMD_R1175",
        ),
        "contradicts [MS-ASDTYPE] and the examples, where the id is a byte array": ("MS-ASCMD_R1443",),
        "means the DisplayName of 2.5 in the Email namespace, which no Model has": (
            "MS-ASEMAIL_R1213",
            "MS-ASEMAIL_R1214",
            "MS-ASEMAIL_R1215",
            "MS-ASEMAIL_R1216",
            "MS-ASEMAIL_R12170",
        ),
        "speaks of Provision under Settings, which a rule does not tell apart": ("MS-ASCMD_R5536",),
        "one element under two parents, of which a rule sees one": ("MS-ASCMD_R6990101755",),
        "one element under two parents, of which the title names one": ("MS-ASPROV_R398",),
        "every other source has EndTime in every version, as the example of section 4.4 does": (
            "MS-ASEMAIL_R1229",
            "MS-ASEMAIL_R1230",
        ),
    }.items()
    for id_ in ids
}
"""Where the Models differ from the catalogue, or seem to by a rule's reading, and why."""


def reason(requirement: Requirement) -> str:
    """Why no test shows the requirement, in a few words."""
    if _INFORMATIVE.match(requirement.text):
        return "says nothing that a client could keep or break"
    if _SERVER.match(requirement.text):
        return "is what the server does"
    if _SERVERS.match(requirement.text):
        return "tells which servers behave so"
    if _SCHEMA.match(requirement.text):
        return "is about the schema, the notation or the document itself"
    if requirement.group == "Provision" and _DEVICE.match(requirement.text):
        return "is for the device that applies a policy, which the library leaves to its caller"
    if _PEOPLE.match(requirement.text):
        return "is about what a person sees"
    if found := _OTHER.search(f"{requirement.title} {requirement.text}"):
        return f"belongs to {found[1]}, which is not among these commands"
    if _TELLS.match(requirement.text):
        return "explains; what follows from it stands in other requirements"
    return "no test yet"
