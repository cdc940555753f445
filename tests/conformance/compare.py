"""Compares an execution as our server shows it with one recorded from AWS.

The recorder parsed any text that starts with '{' one level deep and put placeholders where values
vary; the same is done here before comparing (see ../shared/corpus/README.md).
"""
import datetime
import json
import re

ANYTHING = {"timestamp", "date", "datetime", "start-time"}
PLACEHOLDER = re.compile(r"<[^<>]*>")
# What AWS has told of an execution only since executions can be redriven.
REDRIVE = {"RedriveCount", "RedriveStatus", "RedriveStatusReason"}
REDRIVE_SINCE = datetime.datetime(2023, 11, 15)
ENDS_OF_PARALLEL = {"ParallelStateSucceeded", "ParallelStateAborted", "ParallelStateExited",
                    "ParallelStateFailed"}


def unwrapped(value):
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if isinstance(value, dict):
        return {name: unwrapped(member) for name, member in value.items()}
    if isinstance(value, list):
        return [unwrapped(element) for element in value]
    return value


class Comparison:
    """What one case says of volatile values. `renamed` maps the recorded names to ours."""

    def __init__(self, case, renamed):
        self.renamed = renamed
        self.replacements = [pair for pair in case["replacements"]
                             if all(isinstance(text, str) for text in pair)]
        recorded = datetime.datetime.strptime(case["recorded_date"], "%d-%m-%Y, %H:%M:%S")
        self.newer = REDRIVE if recorded < REDRIVE_SINCE else set()
        self.ignored = {pair[1] for pair in case["ignore_jsonpaths"]}

    def recorded_names(self, text):
        for recorded, ours in self.renamed.items():
            text = text.replace(ours, recorded)
        return text

    def is_wildcard(self, key, expected):
        text = expected.strip('"')  # a variable's value is JSON
        if text in self.ignored or text in ANYTHING:
            return True
        if key.endswith(("RequestId", "Trace-Id")) and expected == key:
            return True
        return key in ("roleArn", "RoleArn") or PLACEHOLDER.search(expected) is not None

    def text_matches(self, key, expected, actual):
        actual = self.recorded_names(actual)
        replaced = actual
        for value, placeholder in self.replacements:
            replaced = replaced.replace(value, placeholder)
        if expected in (actual, replaced):
            return True
        if not self.is_wildcard(key, expected):
            return False
        if "<" not in expected:
            return True
        pieces = [re.escape(piece) for piece in PLACEHOLDER.split(expected)]
        return re.fullmatch(".*".join(pieces), replaced, re.DOTALL) is not None

    def difference(self, expected, actual, place="", key=""):
        """The first place that differs, or None."""
        if isinstance(expected, str):
            if isinstance(actual, str) and self.text_matches(key, expected, actual):
                return None
            if not isinstance(actual, str) and self.is_wildcard(key, expected):
                return None
            if key == "Cause" and expected.startswith("{") and isinstance(actual, str):
                try:  # a function's error, whose spaces are its runtime's
                    return self.difference(json.loads(expected), json.loads(actual), place)
                except ValueError:
                    pass
            if expected.startswith("[") and '"date"' in expected and isinstance(actual, str):
                try:  # a time was replaced inside of the text
                    return self.difference(json.loads(expected), json.loads(actual), place)
                except ValueError:
                    pass
        elif isinstance(expected, dict) and isinstance(actual, dict):
            for name, value in expected.items():
                if name not in actual:
                    return f"{place}/{name} is missing"
                # The length of an answer depends on that of the names in it.
                if name == "Content-Length":
                    continue
                found = self.difference(value, actual[name], f"{place}/{name}", name)
                if found:
                    return found
            more = sorted(set(actual) - set(expected) - self.newer)
            if not more:
                return None
            return f"{place}: {', '.join(more)} is too much"
        elif isinstance(expected, list) and isinstance(actual, list):
            for index, (one, other) in enumerate(zip(expected, actual)):
                found = self.difference(one, other, f"{place}[{index}]")
                if found:
                    return found
            if len(expected) == len(actual):
                return None
        elif isinstance(expected, bool) == isinstance(actual, bool) and expected == actual:
            return None
        return f"{place}: expected {json.dumps(expected)[:300]} but got {json.dumps(actual)[:300]}"

    def history_difference(self, expected, actual):
        events = [unwrapped(event) for event in actual]
        if len(expected) > 1 and expected[-1].get("id") == 1:
            events.reverse()
        if any(is_unordered(event) for event in expected):
            events = hide_parallel_order(events)
        accept_both_map_run_links(expected, events)
        for index, wanted in enumerate(expected[:len(events)]):
            if not is_unordered(wanted):
                found = self.difference(wanted, events[index], f"history[{index}]")
                if found:
                    return found
                continue
            for other in range(index, len(events)):
                if not is_unordered(events[other]):
                    return f"history[{index}]: no match for {json.dumps(wanted)[:300]}"
                if self.difference(wanted, events[other]) is None:
                    events[index], events[other] = events[other], events[index]
                    break
            else:
                return f"history[{index}]: no match for {json.dumps(wanted)[:300]}"
        if len(expected) == len(events):
            return None
        types = " ".join(event["type"] for event in events)
        return f"history has {len(events)} events instead of {len(expected)}: {types}"


def accept_both_map_run_links(expected, events):
    """Until 2024 AWS gave MapRunSucceeded as what led to a distributed Map's MapStateExited, since then
    MapRunStarted; recordings of the same machine differ by their date. Both are right."""
    for index in range(3, min(len(expected), len(events))):
        run = events[index - 2]
        if events[index]["type"] == "MapStateExited" and run["type"] == "MapRunSucceeded":
            linked = expected[index].get("previousEventId")
            if linked in (run["id"], run["previousEventId"]):
                events[index] = {**events[index], "previousEventId": linked}


def is_unordered(event):
    return not isinstance(event["id"], int) or event["id"] == 0


def hide_parallel_order(events):
    """As the recorder hid it: it zeroed the ids of the events after a ParallelStateStarted and
    replaced the stretch up to the next end event by them."""
    out, stretch = list(events), []
    start, inside, seen = 0, False, False
    index = 0
    while index < len(out):
        kind = out[index]["type"]
        if kind in ENDS_OF_PARALLEL:
            if seen:
                first = min(start, index)
                out[first:index] = stretch
                index = first + len(stretch)
            inside = False
        elif kind == "ParallelStateStarted":
            inside = seen = True
            stretch = []
            start = index + 1
        elif inside:
            out[index] = {**out[index], "id": [0], "previousEventId": 0}
            stretch.append(out[index])
        index += 1
    return out
