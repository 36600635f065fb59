#!/usr/bin/env python3
"""Writes the codec of Kafka's messages from the declarations in messages/*.msg.

    generate.py OUT_DIR FILE.msg...        leaves OUT_DIR/messages.h and OUT_DIR/messages.cpp

A declaration:

    api Metadata 3              name and api key
    versions 0-13               what our codec can read and write
    announced 0                 (optional) a lower minimum for ApiVersions; such requests are refused
    flexible 9                  first version with compact lengths and tagged fields, or never

    request                     then `response`
        name TYPE [VERSIONS] [= DEFAULT] [tag N]

TYPE is bool, int8, int16, int32, int64, uuid, string, bytes, records, a Struct, or [] and one of them. A `?` behind
it makes it nullable, `?4` nullable from version 4 on. VERSIONS is `3+`, `0-7` or, when left out, all. Fields of a
Struct are indented below it. A field with a tag stands in the tagged section of flexible versions. `#` comments.
"""
import re
import sys

PRIMITIVES = {"bool": "bool", "int8": "int8_t", "int16": "int16_t", "int32": "int32_t", "int64": "int64_t",
              "uuid": "Uuid", "string": "std::string", "bytes": "std::string", "records": "Records"}
WIDTH = {"bool": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "uuid": 16, "string": 1, "bytes": 1, "records": 1}
FOREVER = 32767
FIELD = re.compile(r"^(?P<name>[a-z_0-9]+) (?P<array>\[\])?(?P<type>[A-Za-z0-9]+)(?P<null>\?(?P<null_from>\d+)?)?"
                   r"(?: (?P<from>\d+)(?P<to>\+|-\d+))?(?: = (?P<default>-?\w+))?(?: tag (?P<tag>\d+))?$")


class Field:
    def __init__(self, where, text):
        match = FIELD.match(text)
        if not match:
            sys.exit(f"{where}: not a field: {text}")
        self.where, self.name, self.type = where, match["name"], match["type"]
        self.array = bool(match["array"])
        self.null_from = None if not match["null"] else int(match["null_from"] or 0)
        self.first = int(match["from"] or 0)
        self.last = FOREVER if not match["to"] or match["to"] == "+" else int(match["to"][1:])
        self.default = match["default"]
        self.tag = None if match["tag"] is None else int(match["tag"])
        self.fields = []

    def is_struct(self):
        return self.type not in PRIMITIVES

    def cpp_type(self):
        inner = PRIMITIVES.get(self.type, self.type)
        if self.array:
            inner = f"std::vector<{inner}>"
        if self.null_from is not None and self.type != "records":
            inner = f"std::optional<{inner}>"
        return inner

    def initial(self):
        if self.default is None:
            return "" if self.is_struct() or self.array or self.null_from is not None or \
                self.type in ("string", "bytes", "records", "uuid") else " = 0" if self.type != "bool" else " = false"
        if self.default == "-2147483648":
            return " = INT32_MIN"
        if self.default == "9223372036854775807":
            return " = INT64_MAX"
        return f" = {self.default}"

    def guard(self, low, high):
        """The condition on `version` under which this field is on the wire; '' when always within low..high."""
        parts = []
        if self.first > low:
            parts.append(f"version >= {self.first}")
        if self.last < high:
            parts.append(f"version <= {self.last}")
        return " && ".join(parts)

    def nullable(self, low):
        if self.null_from is None:
            return "false"
        return "true" if self.null_from <= low else f"version >= {self.null_from}"


class Api:
    def __init__(self, name, key):
        self.name, self.key = name, int(key)
        self.low = self.high = self.announced = self.flexible = None
        self.parts = {"request": [], "response": []}


def parse(path):
    apis, stack = [], None
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            where = f"{path}:{number}"
            text = line.split("#")[0].rstrip()
            if not text:
                continue
            words = text.split()
            depth = (len(text) - len(text.lstrip())) // 4
            if depth:
                if stack is None or depth > len(stack):
                    sys.exit(f"{where}: indented too far")
                field = Field(where, text.strip())
                del stack[depth:]
                stack[depth - 1].append(field)
                stack.append(field.fields)
            elif words[0] == "api":
                apis.append(Api(words[1], words[2]))
            elif words[0] == "versions":
                apis[-1].low, apis[-1].high = (int(v) for v in words[1].split("-"))
            elif words[0] == "announced":
                apis[-1].announced = int(words[1])
            elif words[0] == "flexible":
                apis[-1].flexible = FOREVER if words[1] == "never" else int(words[1])
            elif words[0] in ("request", "response"):
                stack = [apis[-1].parts[words[0]]]
            else:
                sys.exit(f"{where}: unknown word: {words[0]}")
    for api in apis:
        if None in (api.low, api.high, api.flexible):
            sys.exit(f"{path}: api {api.name} lacks versions or flexible")
        check(api.parts["request"] + api.parts["response"])
    return apis


def check(fields):
    for field in fields:
        if field.is_struct() != bool(field.fields):
            sys.exit(f"{field.where}: {field.name}: a Struct has fields below it, and nothing else has")
        check(field.fields)


class Emitter:
    """Writes one struct and its codec. `path` is the C++ name, e.g. FetchRequest::Topic."""

    def __init__(self, api):
        self.api, self.header, self.source = api, [], []

    def declare(self, name, fields, depth, top):
        pad = "    " * depth
        self.header.append(f"{pad}struct {name} {{")
        if top:
            low = self.api.low if self.api.announced is None or top == "response" else self.api.announced
            flexible = self.api.flexible
            self.header += [f"{pad}    static constexpr std::string_view kName = \"{self.api.name}\";",
                            f"{pad}    static constexpr int16_t kApiKey = {self.api.key};",
                            f"{pad}    static constexpr int16_t kMinVersion = {self.api.low};",
                            f"{pad}    static constexpr int16_t kMaxVersion = {self.api.high};",
                            f"{pad}    static constexpr int16_t kAnnouncedMinVersion = {low};",
                            f"{pad}    static constexpr int16_t kFlexibleFrom = {flexible};", ""]
        for field in fields:
            if field.is_struct():
                self.declare(field.type, field.fields, depth + 1, None)
        for field in fields:
            self.header.append(f"{pad}    {field.cpp_type()} {field.name}{field.initial()};")
        self.header += [f"{pad}    void decode(Decoder& in, int16_t version);",
                        f"{pad}    void encode(Encoder& out, int16_t version) const;",
                        f"{pad}    template <class Visitor>",
                        f"{pad}    void visit([[maybe_unused]] Visitor& visitor,",
                        f"{pad}               [[maybe_unused]] int16_t version) {{"]
        for field in fields:
            guard = field.guard(self.api.low, self.api.high)
            call = f"visitor.field({field.name}, {field.nullable(self.api.low)}, version);"
            self.header.append(f"{pad}        " + (f"if ({guard}) {call}" if guard else call))
        self.header += [f"{pad}    }}", f"{pad}    friend bool operator==(const {name}&, const {name}&) = default;",
                        f"{pad}}};"]

    def define(self, path, fields):
        for field in fields:
            if field.is_struct():
                self.define(f"{path}::{field.type}", field.fields)
        plain = [f for f in fields if f.tag is None]
        tagged = [f for f in fields if f.tag is not None]
        out = self.source
        out.append(f"void {path}::decode(Decoder& in, [[maybe_unused]] int16_t version) {{")
        for field in plain:
            self.guarded(field, self.read(field, "in", "    "))
        if self.api.flexible != FOREVER:
            self.read_tags(tagged)
        out += ["}", f"void {path}::encode(Encoder& out, [[maybe_unused]] int16_t version) const {{"]
        for field in plain:
            self.guarded(field, self.write(field, "out"))
        if self.api.flexible != FOREVER:
            self.write_tags(tagged)
        out += ["}", ""]

    def guarded(self, field, lines):
        guard = field.guard(self.api.low, self.api.high)
        if guard:
            self.source += [f"    if ({guard}) {{"] + ["    " + line for line in lines] + ["    }"]
        else:
            self.source += lines

    def read(self, field, reader, pad):
        name, null = field.name, field.nullable(self.api.low)
        optional = field.null_from is not None
        if field.array:
            if field.is_struct():
                element = "[&](auto& e) { e.decode(" + reader + ", version); }"
            else:
                element = "[&](auto& e) { " + reader + f".read_{field.type}(e); }}"
            width = smallest(field, self.api)
            return [f"{pad}{reader}.read_array({name}, {null}, {width}, {element});"]
        if field.is_struct():
            return [f"{pad}{name}.decode({reader}, version);"]
        if optional or field.type == "records":
            return [f"{pad}{reader}.read_{field.type}({name}, {null});"]
        return [f"{pad}{reader}.read_{field.type}({name});"]

    def write(self, field, writer):
        name, null = field.name, field.nullable(self.api.low)
        optional = field.null_from is not None
        if field.array:
            if field.is_struct():
                element = "[&](const auto& e) { e.encode(" + writer + ", version); }"
            else:
                element = "[&](const auto& e) { " + writer + f".write_{field.type}(e); }}"
            return [f"    {writer}.write_array({name}, {null}, {element});"]
        if field.is_struct():
            return [f"    {name}.encode({writer}, version);"]
        if optional or field.type == "records":
            return [f"    {writer}.write_{field.type}({name}, {null});"]
        return [f"    {writer}.write_{field.type}({name});"]

    def read_tags(self, tagged):
        out = self.source
        if not tagged:
            out.append("    in.skip_tags();")
            return
        out.append("    in.read_tags([&](uint32_t tag, [[maybe_unused]] Decoder& value) {")
        for field in tagged:
            guard = field.guard(max(self.api.low, self.api.flexible), self.api.high)
            condition = f"tag == {field.tag}" + (f" && {guard}" if guard else "")
            line = self.read(field, "value", "")[0]
            out.append(f"        if ({condition}) {line}")
        out.append("    });")

    def write_tags(self, tagged):
        out = self.source
        if not tagged:
            out.append("    out.write_no_tags();")
            return
        out += ["    if (!out.flexible()) return;", "    TagWriter tags(out);"]
        for field in sorted(tagged, key=lambda f: f.tag):
            guard = field.guard(max(self.api.low, self.api.flexible), self.api.high)
            unset = f"{field.name} != {field.cpp_type()}({field.default or ''})" if field.default else \
                f"{field.name} != {field.cpp_type()}()"
            if field.default == "9223372036854775807":
                unset = f"{field.name} != INT64_MAX"
            line = self.write(field, "value")[0].strip()
            out.append(f"    if ({guard + ' && ' if guard else ''}{unset})")
            out.append(f"        tags.add({field.tag}, [&](Encoder& value) {{ {line} }});")
        out.append("    tags.finish();")


def smallest(field, api):
    """Fewest bytes an element of this array can take: what bounds the length that we believe."""
    if not field.is_struct():
        return WIDTH[field.type]
    total = 0
    for inner in field.fields:
        if inner.tag is None and not inner.guard(api.low, api.high):
            total += 1 if inner.array else sum_struct(inner, api) if inner.is_struct() else WIDTH[inner.type]
    return max(total, 1)


def sum_struct(field, api):
    return smallest(field, api) if field.fields else 1


def main():
    out_dir, files = sys.argv[1], sys.argv[2:]
    apis = sorted((api for path in files for api in parse(path)), key=lambda a: a.key)
    note = "// Written by src/kafka/generate.py from src/kafka/messages/*.msg: do not edit."
    header = [note, "#pragma once", "", "#include <cstdint>", "#include <optional>", "#include <string>",
              "#include <string_view>", "#include <vector>", "", '#include "wire.h"', "",
              "namespace tarn::kafka {", ""]
    source = [note, '#include "messages.h"', "", "namespace tarn::kafka {", ""]
    names = []
    for api in apis:
        for part in ("request", "response"):
            emitter = Emitter(api)
            name = api.name + part.capitalize()
            names.append(name)
            emitter.declare(name, api.parts[part], 0, part)
            emitter.define(name, api.parts[part])
            header += emitter.header + [""]
            source += emitter.source
    header += ["// Calls visit.template operator()<Message>() for every request and response.",
               "template <class F>", "void for_each_message(F&& visit) {"]
    header += [f"    visit.template operator()<{name}>();" for name in names] + ["}", "", "}  // namespace tarn::kafka"]
    source.append("}  // namespace tarn::kafka")
    for name, lines in (("messages.h", header), ("messages.cpp", source)):
        with open(f"{out_dir}/{name}", "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
