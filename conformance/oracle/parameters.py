"""The search parameters the oracle knows, written down by hand from the R4 specification pages.

One line a parameter: name, kind, and the elements it looks at (alternatives divided by `|`).
`[system=phone]` keeps the items whose member has that value; `>Patient` keeps references to
that type. Nothing here is taken from Tarn's own tables: the two must agree because both
follow <https://hl7.org/fhir/R4/searchparameter-registry.html>.
"""

COMMON = """
_profile uri meta.profile
"""

PARAMETERS = {
    "AllergyIntolerance": """
        clinical-status token clinicalStatus
        verification-status token verificationStatus
        type token type
        category token category
        criticality token criticality
        code token code | reaction.substance
        patient reference patient
        date date recordedDate
        onset date reaction.onset
        manifestation token reaction.manifestation
        recorder reference recorder
    """,
    "CarePlan": """
        status token status
        intent token intent
        category token category
        activity-code token activity.detail.code
        subject reference subject
        patient reference subject>Patient
        encounter reference encounter
        care-team reference careTeam
        condition reference addresses
        date date period
    """,
    "CareTeam": """
        status token status
        subject reference subject
        patient reference subject>Patient
        encounter reference encounter
        participant reference participant.member
        date date period
        category token category
    """,
    "Claim": """
        status token status
        use token use
        priority token priority
        patient reference patient
        provider reference provider
        facility reference facility
        encounter reference item.encounter
        created date created
        insurer reference insurer
    """,
    "Condition": """
        clinical-status token clinicalStatus
        verification-status token verificationStatus
        category token category
        code token code
        subject reference subject
        patient reference subject>Patient
        encounter reference encounter
        onset-date date onsetDateTime | onsetPeriod
        abatement-date date abatementDateTime | abatementPeriod
        recorded-date date recordedDate
    """,
    "Device": """
        status token status
        type token type
        device-name string deviceName.name | type.coding.display | type.text
        udi-di string udiCarrier.deviceIdentifier
        udi-carrier string udiCarrier.carrierHRF
        patient reference patient
        manufacturer string manufacturer
        url uri url
    """,
    "DiagnosticReport": """
        status token status
        category token category
        code token code
        subject reference subject
        patient reference subject>Patient
        encounter reference encounter
        performer reference performer
        result reference result
        date date effectiveDateTime | effectivePeriod
        issued date issued
    """,
    "DocumentReference": """
        status token status
        type token type
        category token category
        identifier token masterIdentifier | identifier
        contenttype token content.attachment.contentType
        format token content.format
        subject reference subject
        patient reference subject>Patient
        encounter reference context.encounter
        author reference author
        custodian reference custodian
        date date date
        period date context.period
        description string description
    """,
    "Encounter": """
        status token status
        class token class
        type token type
        identifier token identifier
        reason-code token reasonCode
        participant-type token participant.type
        subject reference subject
        patient reference subject>Patient
        participant reference participant.individual
        practitioner reference participant.individual>Practitioner
        location reference location.location
        service-provider reference serviceProvider
        date date period
        location-period date location.period
    """,
    "ExplanationOfBenefit": """
        status token status
        identifier token identifier
        patient reference patient
        provider reference provider
        facility reference facility
        claim reference claim
        care-team reference careTeam.provider
        encounter reference item.encounter
        created date created
        disposition string disposition
    """,
    "ImagingStudy": """
        status token status
        identifier token identifier
        modality token series.modality
        bodysite token series.bodySite
        series token series.uid
        instance token series.instance.uid
        dicom-class token series.instance.sopClass
        subject reference subject
        patient reference subject>Patient
        encounter reference encounter
        started date started
    """,
    "Immunization": """
        status token status
        vaccine-code token vaccineCode
        patient reference patient
        location reference location
        date date occurrenceDateTime
        lot-number string lotNumber
        performer reference performer.actor
    """,
    "Location": """
        status token status
        identifier token identifier
        name string name | alias
        address string address
        address-city string address.city
        address-state string address.state
        address-postalcode string address.postalCode
        address-country string address.country
        organization reference managingOrganization
        type token type
    """,
    "Medication": """
        status token status
        code token code
        form token form
        lot-number token batch.lotNumber
        expiration-date date batch.expirationDate
        ingredient-code token ingredient.itemCodeableConcept
    """,
    "MedicationAdministration": """
        status token status
        code token medicationCodeableConcept
        subject reference subject
        patient reference subject>Patient
        context reference context
        effective-time date effectiveDateTime | effectivePeriod
        medication reference medicationReference
        reason-given token reasonCode
    """,
    "MedicationRequest": """
        status token status
        intent token intent
        code token medicationCodeableConcept
        category token category
        subject reference subject
        patient reference subject>Patient
        encounter reference encounter
        requester reference requester
        authoredon date authoredOn
        medication reference medicationReference
    """,
    "Observation": """
        status token status
        category token category
        code token code
        value-concept token valueCodeableConcept
        component-code token component.code
        combo-code token code | component.code
        combo-value-concept token valueCodeableConcept | component.valueCodeableConcept
        subject reference subject
        patient reference subject>Patient
        encounter reference encounter
        date date effectiveDateTime | effectivePeriod | effectiveInstant
        value-quantity quantity valueQuantity
        component-value-quantity quantity component.valueQuantity
        combo-value-quantity quantity valueQuantity | component.valueQuantity
        value-string string valueString | valueCodeableConcept.text
        value-date date valueDateTime | valuePeriod
    """,
    "Organization": """
        active token active
        identifier token identifier
        type token type
        name string name | alias
        address string address
        address-city string address.city
        address-state string address.state
        address-postalcode string address.postalCode
        address-country string address.country
        partof reference partOf
    """,
    "Patient": """
        active token active
        gender token gender
        identifier token identifier
        language token communication.language
        telecom token telecom
        phone token telecom[system=phone]
        email token telecom[system=email]
        name string name
        family string name.family
        given string name.given
        address string address
        address-city string address.city
        address-state string address.state
        address-postalcode string address.postalCode
        address-country string address.country
        birthdate date birthDate
        death-date date deceasedDateTime
        general-practitioner reference generalPractitioner
    """,
    "Practitioner": """
        active token active
        gender token gender
        identifier token identifier
        telecom token telecom
        email token telecom[system=email]
        name string name
        family string name.family
        given string name.given
        address string address
        address-city string address.city
        address-state string address.state
        address-postalcode string address.postalCode
    """,
    "PractitionerRole": """
        active token active
        role token code
        specialty token specialty
        telecom token telecom
        phone token telecom[system=phone]
        email token telecom[system=email]
        practitioner reference practitioner
        organization reference organization
        location reference location
        date date period
    """,
    "Procedure": """
        status token status
        code token code
        category token category
        subject reference subject
        patient reference subject>Patient
        encounter reference encounter
        location reference location
        reason-reference reference reasonReference
        reason-code token reasonCode
        date date performedDateTime | performedPeriod
    """,
    "Provenance": """
        agent-type token agent.type
        agent-role token agent.role
        agent reference agent.who
        target reference target
        patient reference target>Patient
        recorded date recorded
        when date occurredDateTime | occurredPeriod
        location reference location
    """,
    "SupplyDelivery": """
        status token status
        identifier token identifier
        patient reference patient
        receiver reference receiver
        supplier reference supplier
    """,
    # Not in synthea-2021: tested on the official examples, the only place with number parameters.
    "ChargeItem": """
        factor-override number factorOverride
        price-override quantity priceOverride
        code token code
        subject reference subject
        occurrence date occurrenceDateTime | occurrencePeriod
    """,
    "RiskAssessment": """
        probability number prediction.probabilityDecimal
        risk token prediction.qualitativeRisk
        status-none token nothing
        subject reference subject
    """,
    "MolecularSequence": """
        variant-start number variant.start
        variant-end number variant.end
        window-start number referenceSeq.windowStart
        window-end number referenceSeq.windowEnd
        type token type
    """,
}


class Parameter:
    """One line of the table."""

    def __init__(self, resource_type, line):
        self.resource_type = resource_type
        self.name, self.kind, rest = line.split(None, 2)
        self.paths = []
        for path in rest.split("|"):
            path, _, target = path.strip().partition(">")
            self.paths.append((path.split("."), target or None))


def of(resource_type):
    """The parameters of a type, in the order of the table, the common ones last."""
    lines = (PARAMETERS.get(resource_type, "") + COMMON).strip().splitlines()
    return [Parameter(resource_type, line.strip()) for line in lines if line.strip() and "status-none" not in line]
