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
_REASONS = {
    id_: why
    for why, ids in {
        "is of 2.5 alone, which this client does not speak": (
            *(f"MS-ASCMD_R{number}" for number in (7346, 7347, *range(7348, 7355), *range(7356, 7366))),
            *("MS-ASEMAIL_R1150", "MS-ASEMAIL_R1151"),
        ),
        "belongs to ItemOperations, which is not among these commands": (
            *("MS-ASAIRS_R1376", "MS-ASAIRS_R1202", "MS-ASAIRS_R334", "MS-ASCON_R120", "MS-ASCON_R134"),
            *("MS-ASCON_R168", "MS-ASCON_R174", "MS-ASCON_R175", "MS-ASCON_R273"),
        ),
        "belongs to SmartForward and SendMail, which are not among these commands": (
            *("MS-ASRM_R92", "MS-ASRM_R282", "MS-ASRM_R194", "MS-ASRM_R3071", "MS-ASRM_R40", "MS-ASHTTP_R61"),
            *("MS-ASHTTP_R131", "MS-ASCMD_R7485", "MS-ASCMD_R7487"),
        ),
        "belongs to MeetingResponse, which is not among these commands": (
            *("MS-ASCMD_R5073", "MS-ASCMD_R5074", "MS-ASCMD_R5075", "MS-ASCMD_R5076", "MS-ASCMD_R7483"),
        ),
        "says where something is specified, and nothing else": (
            *("MS-ASCAL_R491", "MS-ASCAL_R493", "MS-ASCAL_R527", "MS-ASCNTC_R444", "MS-ASCNTC_R452"),
            *("MS-ASCNTC_R456", "MS-ASCNTC_R482", "MS-ASCNTC_R495", "MS-ASDOC_R84", "MS-ASEMAIL_R143"),
            *("MS-ASTASK_R331", "MS-ASTASK_R37012", "MS-ASCMD_R147", "MS-ASCMD_R342", "MS-ASCMD_R58581"),
            *("MS-ASCMD_R5902", "MS-ASCMD_R2788", "MS-ASCMD_R6276", "MS-ASHTTP_R4", "MS-ASPROV_R480", "MS-ASCON_R225"),
            *("MS-ASCMD_R5048", "MS-ASCMD_R5080"),
        ),
        "is a row that was printed without its words": (
            *("MS-ASCMD_R1479", "MS-ASCMD_R6667100908", "MS-ASCMD_R3283101603", "MS-ASCMD_R982100605"),
            *("MS-ASWBXML_R74", "MS-ASCMD_R33001610"),
        ),
        "is what the server does": (
            *("MS-ASCAL_R434001", "MS-ASCAL_R478111", "MS-ASCAL_R478112", "MS-ASCAL_R478113", "MS-ASCAL_R490"),
            *("MS-ASCAL_R53912", "MS-ASCAL_R53915", "MS-ASEMAIL_R231", "MS-ASEMAIL_R318", "MS-ASEMAIL_R351"),
            *("MS-ASEMAIL_R531", "MS-ASEMAIL_R649", "MS-ASEMAIL_R68", "MS-ASEMAIL_R224", "MS-ASRM_R1009"),
            *("MS-ASRM_R195", "MS-ASRM_R214", "MS-ASRM_R414", "MS-ASCMD_R3523", "MS-ASCMD_R3524"),
            *("MS-ASCMD_R4394", "MS-ASCMD_R7478", "MS-ASHTTP_R193", "MS-ASHTTP_R243", "MS-ASHTTP_R421"),
            *("MS-ASHTTP_R449", "MS-ASPROV_R1041", "MS-ASPROV_R1042", "MS-ASCMD_R6485100817"),
        ),
        "tells which servers behave so": ("MS-ASCAL_R3", "MS-ASPROV_R1040"),
        "is for the one who shows the mail, which the library leaves to its caller": (
            *("MS-ASRM_R24", "MS-ASRM_R79", "MS-ASRM_R186", "MS-ASRM_R314", "MS-ASRM_R341", "MS-ASEMAIL_R523"),
        ),
        "is for the device that applies a policy, which the library leaves to its caller": (
            *("MS-ASPROV_R284", "MS-ASPROV_R406"),
        ),
        "explains; what follows from it stands in other requirements": (
            *("MS-ASAIRS_R145", "MS-ASAIRS_R11500", "MS-ASCON_R230", "MS-ASCMD_R3181", "MS-ASCMD_R3182"),
            *("MS-ASCMD_R3604", "MS-ASHTTP_R255", "MS-ASHTTP_R428", "MS-ASHTTP_R503", "MS-ASCAL_R510"),
        ),
        "is about the instances of a series, which the caller's calendar unrolls from its RRULE": (
            *("MS-ASCAL_R87", "MS-ASCAL_R2009", "MS-ASCAL_R387", "MS-ASCAL_R388"),
        ),
        "contradicts the schema, in which the GhostingProps of a calendar have no Body": ("MS-ASCAL_R128",),
        "is about a value that the caller gives": ("MS-ASCMD_R3608",),
        "contradicts [MS-ASHTTP] R411, by which requests have a User-Agent": ("MS-ASCMD_R4699",),
        "its title names another element, AllowBrowser, than that of its section": (
            *("MS-ASRM_R1018", "MS-ASRM_R1019", "MS-ASRM_R1020", "MS-ASRM_R1021", "MS-ASRM_R10211"),
        ),
        "means the DisplayName of 2.5 in the Email namespace, which no Model has": ("MS-ASEMAIL_R394",),
        "contradicts [MS-ASPROV] section 3.1.5.1.1, by which the key of an initial request is 0": ("MS-ASPROV_R315",),
        "contradicts its next requirement, R6485100817, by which 16.0 has it in no answer to Sync": (
            "MS-ASCMD_R6485100815",
        ),
        "contradicts [MS-ASAIRS] R324, by which HTML is the only form of a part": (
            *("MS-ASAIRS_R61", "MS-ASAIRS_R3822", "MS-ASAIRS_R146"),
        ),
        "contradicts [MS-ASHTTP] section 2.2.1.1.2.6, by which the header goes with plain query strings": (
            "MS-ASHTTP_R135",
        ),
    }.items()
    for id_ in ids
}
_OTHER = re.compile(rf"\b({'|'.join(OTHERS)})\b")

DIFFERENCES = {
    id_: why
    for why, ids in {
        "names the parent in place of the element": ("MS-ASAIRS_R260",),
        "contradicts the table of Query and the schema, where it is a container": ("MS-ASCMD_R6667100906",),
        "speaks of FolderUpdate under FolderCreate, which a rule does not tell apart": ("MS-ASCMD_R2191",),
        "the element is read as a boolean": ("MS-ASCMD_R1609",),
        "is required in the first request alone": ("MS-ASCMD_R1779",),
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
    if known := _REASONS.get(requirement.id):
        return known
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
