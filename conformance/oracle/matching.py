"""R4 search semantics by brute force: what a resource has for a parameter, and whether that
answers a search value. Plain Python over parsed JSON, no index, no cleverness.

Spec: <https://hl7.org/fhir/R4/search.html>
"""

import datetime
import re
import unicodedata
from decimal import Decimal

FOREVER = 1 << 70


# ---- what a resource has -------------------------------------------------------------------

def walk(node, path):
    """Every value at the end of a path, lists flattened."""
    if isinstance(node, list):
        for item in node:
            yield from walk(item, path)
    elif not path:
        if node is not None:
            yield node
    elif isinstance(node, dict):
        name, _, condition = path[0].partition("[")
        found = node.get(name)
        if condition:
            key, _, wanted = condition.rstrip("]").partition("=")
            found = [item for item in found or [] if item.get(key) == wanted]
        yield from walk(found, path[1:])


def extract(resource, parameter):
    """The values of one parameter: a list, in the form the kind's test below wants."""
    values = []
    for path, target in parameter.paths:
        for node in walk(resource, path):
            values.extend(READERS[parameter.kind](node, target))
    return values


def token_values(node, _):
    if isinstance(node, bool):
        yield None, "true" if node else "false"
    elif isinstance(node, str):
        yield None, node
    elif "coding" in node:
        for coding in node["coding"]:
            if "code" in coding:
                yield coding.get("system", ""), coding["code"]
    elif "code" in node:
        yield node.get("system", ""), node["code"]
    elif "value" in node:
        # A ContactPoint's `system` is phone or email, no namespace: searched by value alone.
        phone = node.get("system") in ("phone", "email", "fax", "pager", "url", "sms", "other")
        yield None if phone else node.get("system", ""), node["value"]


def string_values(node, _):
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for member in ("family", "given", "prefix", "suffix", "text", "line", "city", "district", "state",
                       "postalCode", "country"):
            found = node.get(member)
            yield from found if isinstance(found, list) else [found] if found else []


def reference_values(node, target):
    text = node.get("reference") if isinstance(node, dict) else node
    if text and not text.startswith("#"):
        kind, slash, identifier = text.partition("/")
        if target is None or (slash and kind == target):
            yield text


def date_values(node, _):
    if isinstance(node, str):
        yield span(node)
    elif isinstance(node, dict) and ("start" in node or "end" in node):
        start = span(node["start"])[0] if "start" in node else -FOREVER
        end = span(node["end"])[1] if "end" in node else FOREVER
        yield start, end


def quantity_values(node, _):
    if isinstance(node, dict) and "value" in node:
        if "currency" in node:
            yield Decimal(node["value"]), "urn:iso:std:iso:4217", node["currency"], None
        else:
            yield Decimal(node["value"]), node.get("system"), node.get("code"), node.get("unit")


def number_values(node, _):
    yield Decimal(node)


def uri_values(node, _):
    yield node


READERS = {"token": token_values, "string": string_values, "reference": reference_values, "date": date_values,
           "quantity": quantity_values, "number": number_values, "uri": uri_values}


# ---- dates ---------------------------------------------------------------------------------

DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$")
EPOCH = datetime.datetime(1970, 1, 1)


def span(text):
    """Microseconds from, and up to but not including, for a date of any precision; UTC if unsaid."""
    found = DATE.match(text)
    if not found:
        raise ValueError("not a date")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    year, month_n, day_n = int(year), int(month or 1), int(day or 1)
    start = micros(datetime.datetime(year, month_n, day_n, int(hour or 0), int(minute or 0)))
    start += int(second or 0) * 1_000_000
    if month is None:
        end = micros(datetime.datetime(year + 1, 1, 1))
    elif day is None:
        end = micros(datetime.datetime(year + month_n // 12, month_n % 12 + 1, 1))
    elif hour is None:
        end = start + 86_400_000_000
    elif second is None:
        end = start + 60_000_000
    elif fraction is None:
        end = start + 1_000_000
    else:
        step = 10 ** max(0, 6 - len(fraction))
        start += int(fraction[:6].ljust(6, "0"))
        end = start + step
    if zone and zone != "Z":
        offset = (int(zone[1:3]) * 60 + int(zone[4:6])) * 60_000_000 * (1 if zone[0] == "+" else -1)
        start, end = start - offset, end - offset
    return start, end


def micros(moment):
    gap = moment - EPOCH
    return (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds


# ---- whether values answer a search --------------------------------------------------------

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")


def split_escaped(text, separator):
    """Splits at a separator that no backslash escapes; the parts keep their escapes."""
    parts, part, escaped = [], "", False
    for letter in text:
        if escaped:
            part, escaped = part + letter, False
        elif letter == "\\":
            part, escaped = part + letter, True
        elif letter == separator:
            parts, part = parts + [part], ""
        else:
            part += letter
    return parts + [part]


def unescape(text):
    return re.sub(r"\\(.)", r"\1", text)


def escape(text):
    """A value as it must be written in a search."""
    return re.sub(r"([\\,|$])", r"\\\1", text)


def fold(text):
    """String search ignores case, accents and insignificant white space: that at the ends, and all of a run but one."""
    text = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in text if not unicodedata.combining(c)).casefold().split())


def prefixed(text):
    return (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)


def criterion(parameter, modifier, value):
    """One `name:modifier=a,b` as a predicate over a resource's extracted values."""
    if modifier == "missing":
        return (lambda values: not values) if value == "true" else (lambda values: bool(values))
    tests = [TESTS[parameter.kind](part, modifier) for part in split_escaped(value, ",")]
    if len(tests) == 1:
        test = tests[0]
        holds = lambda values: any(map(test, values))
    else:
        holds = lambda values: any(test(v) for v in values for test in tests)
    if modifier == "not":
        return lambda values: not holds(values)
    return holds


def token_test(text, _):
    parts = [unescape(p) for p in split_escaped(text, "|")]
    if len(parts) == 1:
        return lambda v: v[1] == parts[0]
    system, code = parts
    if not code:
        return lambda v: v[0] == system
    return lambda v: v[0] == system and v[1] == code


def string_test(text, modifier):
    text = unescape(text)
    if modifier == "exact":
        return lambda v: v == text
    text = fold(text)
    if modifier == "contains":
        return lambda v: text in fold(v)
    return lambda v: fold(v).startswith(text)


def reference_test(text, modifier):
    text = unescape(text)
    if modifier:
        return lambda v: v == f"{modifier}/{text}"
    if "/" in text:
        return lambda v: v == text
    return lambda v: v.rpartition("/")[2] == text


def date_test(text, _):
    prefix, rest = prefixed(text)
    low, high = span(rest)
    within = lambda v: low <= v[0] and v[1] <= high
    return {
        "eq": within,
        "ne": lambda v: not within(v),
        "gt": lambda v: v[1] > high,
        "lt": lambda v: v[0] < low,
        "ge": lambda v: v[1] > high or within(v),
        "le": lambda v: v[0] < low or within(v),
        "sa": lambda v: v[0] >= high,
        "eb": lambda v: v[1] <= low,
    }[prefix]


def implied(text):
    """The stretch a number's digits imply: `5.40` is 5.395 up to 5.405."""
    value = Decimal(text)
    half = Decimal(1).scaleb(value.as_tuple().exponent) / 2
    return value, value - half, value + half


def number_test(text, _):
    prefix, rest = prefixed(text)
    value, low, high = implied(rest)
    return {
        "eq": lambda v: low <= v < high,
        "ne": lambda v: not low <= v < high,
        "gt": lambda v: v > value,
        "lt": lambda v: v < value,
        "ge": lambda v: v >= value,
        "le": lambda v: v <= value,
        "sa": lambda v: v > value,
        "eb": lambda v: v < value,
    }[prefix]


def quantity_test(text, modifier):
    parts = [unescape(p) for p in split_escaped(text, "|")]
    holds = number_test(parts[0], modifier)
    system, code = (parts[1], parts[2]) if len(parts) == 3 else ("", "")
    if system:
        return lambda v: v[1] == system and v[2] == code and holds(v[0])
    if code:
        return lambda v: code in (v[2], v[3]) and holds(v[0])
    return lambda v: holds(v[0])


def uri_test(text, _):
    text = unescape(text)
    return lambda v: v == text


TESTS = {"token": token_test, "string": string_test, "reference": reference_test, "date": date_test,
         "quantity": quantity_test, "number": number_test, "uri": uri_test}
