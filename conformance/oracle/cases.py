"""Search cases made from the data itself: for every parameter, values that are common, rare,
in the middle and absent, in the forms its kind allows. No randomness: the same data gives
the same cases.
"""

import collections
import datetime
import re

import matching
from matching import escape, fold


def ranked(values):
    """Distinct values, most frequent first, ties by the value."""
    counts = collections.Counter(values)
    return sorted(counts, key=lambda v: (-counts[v], str(v)))


def of_parameter(parameter, columns, complete):
    """Cases for one parameter, as lists of (name, value) pairs. `columns` holds each
    resource's values; `complete` says that every element found gave a value, so that `:missing` is beyond dispute."""
    values = [v for column in columns for v in column]
    name = parameter.name
    cases = MAKERS[parameter.kind](name, values) if values else ABSENT[parameter.kind](name)
    cases = [case if isinstance(case, list) else [case] for case in cases]
    if complete:
        cases += [[(f"{name}:missing", "true")], [(f"{name}:missing", "false")]]
    return cases


def token_cases(name, values):
    order = ranked(values)
    top, middle, rare = order[0], order[len(order) // 2], order[-1]
    text = lambda v: escape(v[1])
    full = lambda v: (f"{escape(v[0])}|" if v[0] else "") + escape(v[1])
    cases = [(name, text(top)), (name, text(rare)), (name, full(middle)), (name, f"{full(top)},{full(rare)}"),
             (name, "no-such-code"), (f"{name}:not", full(top)), [(name, full(top)), (name, full(middle))]]
    if top[0]:
        cases += [(name, full(top)), (name, f"{escape(top[0])}|"), (name, f"http://example.org/none|{text(top)}"),
                  (f"{name}:not", text(rare)), [(name, full(top)), (f"{name}:not", full(rare))]]
    return cases


def plain(text):
    """Letters, digits and spaces only: R4 lets a server ignore or keep punctuation."""
    return re.fullmatch(r"[^\W_]+( [^\W_]+)*", text) is not None


def string_cases(name, values):
    order = [v for v in ranked(values) if plain(v)]
    if not order:
        return [(name, escape(ranked(values)[0])), (f"{name}:exact", escape(ranked(values)[0])), (name, "zzznone")]
    top, middle, rare = order[0], order[len(order) // 2], order[-1]
    cases = [(name, top), (name, middle[:3]), (name, middle[:3].swapcase()), (name, rare.upper()), (name, "zzznone"),
             (f"{name}:exact", middle), (f"{name}:exact", middle.swapcase()), (f"{name}:contains", middle[1:4]),
             (f"{name}:contains", rare[-3:].upper()), (name, f"{top[:4]},{rare[:4]}"), [(name, top[:2]), (name, rare[:1])]]
    accented = [v for v in order if fold(v) != v.casefold()]
    if accented:
        cases += [(name, fold(accented[0])), (name, accented[0].upper()), (f"{name}:exact", accented[0]),
                  (f"{name}:exact", fold(accented[0])), (f"{name}:contains", fold(accented[-1])[1:])]
    return cases


def reference_cases(name, values):
    order = ranked(values)
    top, middle, rare = order[0], order[len(order) // 2], order[-1]
    kind, _, identifier = middle.partition("/")
    return [(name, top), (name, rare), (name, rare.partition("/")[2]), (f"{name}:{kind}", identifier),
            (name, f"{top},{middle}"), [(name, top), (name, middle)], (name, f"{kind}/no-such-id")]


def date_cases(name, values):
    points = sorted(v[0] for v in values if v[0] > -matching.FOREVER)
    middle = moment(points[len(points) // 2])
    early = moment(points[len(points) // 8])
    day, month, year = (middle.strftime(f) for f in ("%Y-%m-%d", "%Y-%m", "%Y"))
    second, minute = middle.strftime("%Y-%m-%dT%H:%M:%SZ"), middle.strftime("%Y-%m-%dT%H:%MZ")
    zoned = (middle + datetime.timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S+02:00")
    milli = middle.strftime("%Y-%m-%dT%H:%M:%S.") + f"{middle.microsecond // 1000:03d}Z"
    cases = [(name, v) for v in (day, month, year, second, minute, zoned, milli, "1801-02-03")]
    cases += [(name, prefix + value) for prefix in ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")
              for value in (day, year)]
    cases += [(name, prefix + value) for prefix in ("gt", "lt", "ge", "le", "sa", "eb", "ne") for value in (zoned, month)]
    cases += [[(name, "ge" + early.strftime("%Y-%m-%d")), (name, "lt" + month)],
              [(name, "ge" + early.strftime("%Y")), (name, "le" + year)],
              [(name, "sa" + early.strftime("%Y-%m")), (name, "eb" + day)],
              (name, f"{day},{early.strftime('%Y')}"), (name, f"lt{early.strftime('%Y')},gt{year}")]
    return cases


def moment(us):
    return matching.EPOCH + datetime.timedelta(microseconds=us)


def quantity_cases(name, values):
    units = ranked((v[1], v[2], v[3]) for v in values)
    cases = [(name, "gt1000000000"), (name, "987654.321||no-such-unit")]
    for system, code, unit in units[:4]:
        numbers = sorted(v[0] for v in values if v[1:] == (system, code, unit))
        value, low = numbers[len(numbers) // 2], numbers[len(numbers) // 5]
        full = f"|{escape(system or '')}|{escape(code or '')}"
        rough = f"{value:.0f}"
        cases += [(name, f"{value}{full}"), (name, f"{value}"), (name, f"{rough}{full}"), (name, f"{value}0{full}" if "." in f"{value}" else f"{value}.0{full}")]
        cases += [(name, f"{prefix}{value}{full}") for prefix in ("eq", "ne", "gt", "lt", "ge", "le")]
        cases += [[(name, f"ge{low}{full}"), (name, f"lt{value}{full}")], (name, f"lt{low}{full},gt{value}{full}")]
        if unit:
            cases += [(name, f"le{value}||{escape(unit)}")]
        if code:
            cases += [(name, f"ge{value}||{escape(code)}")]
        cases += [(name, f"gt{value}")]
    return cases


def number_cases(name, values):
    order = sorted(values)
    value = order[len(order) // 2]
    return [(name, f"{value}"), (name, f"{value}.0" if "." not in f"{value}" else f"{value}0"), (name, "987654321")] + \
           [(name, f"{prefix}{value}") for prefix in ("eq", "ne", "gt", "lt", "ge", "le")] + \
           [[(name, f"ge{order[0]}"), (name, f"lt{order[-1]}")]]


def uri_cases(name, values):
    order = ranked(values)
    return [(name, escape(order[0])), (name, escape(order[-1])), (name, escape(order[0][:-1])),
            (name, f"{escape(order[0])},http://example.org/none"), [(name, escape(order[0])), (name, escape(order[-1]))],
            (name, "http://example.org/none")]


MAKERS = {"token": token_cases, "string": string_cases, "reference": reference_cases, "date": date_cases,
          "quantity": quantity_cases, "number": number_cases, "uri": uri_cases}

ABSENT = {
    "token": lambda name: [(name, "no-such-code")],
    "string": lambda name: [(name, "zzznone")],
    "reference": lambda name: [(name, "no-such-id")],
    "date": lambda name: [(name, "ge1900"), (name, "2010-05")],
    "quantity": lambda name: [(name, "gt0")],
    "number": lambda name: [(name, "gt0")],
    "uri": lambda name: [(name, "http://example.org/none")],
}


def combined(parameters, columns):
    """Criteria of different parameters together: all must hold."""
    single = []
    for parameter in parameters:
        values = [v for column in columns[parameter.name] for v in column]
        if not values:
            continue
        if parameter.kind == "token":
            top = ranked(values)[0]
            single.append((parameter.name, (f"{escape(top[0])}|" if top[0] else "") + escape(top[1])))
        elif parameter.kind == "reference":
            single.append((parameter.name, ranked(values)[0]))
        elif parameter.kind == "date":
            points = sorted(v[0] for v in values if v[0] > -matching.FOREVER)
            single.append((parameter.name, "ge" + moment(points[len(points) // 3]).strftime("%Y-%m-%d")))
        elif parameter.kind == "string":
            single.append((parameter.name, ranked(values)[0][:2]))
        elif parameter.kind == "quantity":
            single.append((parameter.name, f"gt{sorted(v[0] for v in values)[len(values) // 2]}"))
    cases = []
    for step in (1, 2, 3):
        cases += [[single[i], single[i + step]] for i in range(len(single) - step)]
    cases += [single[i:i + 3] for i in range(len(single) - 2)]
    return cases
