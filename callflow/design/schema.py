"""The JSON Schema of flow files, made from the declarations that the reader goes by.

An editor completes and checks with it: keys, kinds of values, the words that may be chosen. What it cannot see (names
that are defined nowhere, keys that do not go together, wordings that are no template) the reader and ``lint`` tell.
"""

from __future__ import annotations

import re
from typing import Any

from callflow.flow import forms
from callflow.flow.forms import Form, Shape
from callflow.flow.rehearsal_shapes import EXPECTATIONS, TERMS
from callflow.flow.section import LONGEST, SPAN
from callflow.flow.shapes import SHAPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_WORD: Schema = {"type": ["string", "number", "boolean"]}
"""What may as well be a number: a name, a date."""
_SAID: Schema = {"type": "string", "minLength": 1}
_LISTED = ("all", "any", "then")
_SECONDS = r"^\s*\d+(\.\d+)?\s*(ms|s|sec|seconds?|秒|min|minutes?|分钟)?\s*$"


def schema(language: str = "en") -> Schema:
    """The schema, with descriptions in ``language``."""
    made = _Schema(language)
    return {
        "$schema": DIALECT,
        "title": SHAPES["file"].says.in_(language),
        **made.of(SHAPES["file"]),
        "$defs": {name: made.definition(name) for name in _DEFINED},
    }


class _Schema:
    def __init__(self, language: str) -> None:
        self.language = language

    def definition(self, name: str) -> Schema:
        """What stands under ``$defs``."""
        match name:
            case "rule":
                return _either("not_assessed", self.of(SHAPES["rule that nobody can judge"]), self.of(SHAPES["rule"]))
            case "rehearsal":
                quick = {**self.of(SHAPES["rehearsal of a phrase"]), "anyOf": _one_of(("fires", "silent"))}
                return _either("phrase", quick, self.of(SHAPES["rehearsal"]))
            case "expectation":
                return {"anyOf": [self.of(shape) for shape in EXPECTATIONS.values()]}
            case "expression":
                return {"anyOf": [self._term(), self.of(SHAPES["expression"])]}
            case "prompt":
                return {"anyOf": [self._term(), self.of(SHAPES["prompt"])]}
            case "step":
                return {"anyOf": [{"enum": list(TERMS)}, self.of(SHAPES["step"])]}
        return self.of(SHAPES[name])

    def of(self, shape: Shape) -> Schema:
        """A mapping of that shape."""
        made: Schema = {
            "type": "object",
            "description": shape.says.in_(self.language),
            "additionalProperties": False,
            "properties": {
                key.name: {"description": key.says.in_(self.language), **self.value(key.form, key.name)}
                for key in shape.keys
            },
        }
        if required := [key.name for key in shape.keys if key.required]:
            made["required"] = required
        if shape.one_of:
            made["oneOf"] = _one_of(shape.one_of)
        if shape.needs:
            made["dependentRequired"] = {key: [needed] for key, needed in shape.needs}
        return made

    def value(self, form: Form, name: str = "") -> Schema:
        """What a key can hold."""
        match form:
            case forms.Words(said):
                return _SAID if said else _WORD
            case forms.WordList(said):
                return _some({**(_SAID if said else _WORD), "pattern": r"\S"}, least=int(said))
            case forms.Name(_, many):
                return _some({**_WORD, "pattern": r"\S"}) if many else _WORD
            case forms.Both():
                return {"anyOf": [_SAID, {"$ref": "#/$defs/text"}]}
            case forms.Flag():
                return {"enum": [True, False, "yes", "no"]}
            case forms.Choice(values, many):
                return _some({"enum": list(values)}) if many else {"enum": list(values)}
            case forms.Number(default, least, most, whole):
                kind = "integer" if whole else "number"
                return {"type": kind, "minimum": least, "maximum": most, "default": default}
            case forms.Length(counted):
                written: Schema = {"type": "string", "pattern": _any_case(SPAN.pattern if counted else _SECONDS)}
                return {"anyOf": [written, {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST}]}
            case forms.Terms(many):
                return _some(self._term(), least=1) if many else self._term()
            case forms.Expression():
                return self._expression(name)
            case forms.Prompts(many):
                prompt = {"$ref": "#/$defs/prompt"}
                return _some(prompt) if many else prompt
            case forms.Targets():
                return {"type": "object", "additionalProperties": _WORD}
            case forms.Values():
                return {"type": "object", "additionalProperties": _WORD}
            case forms.Entries(shape):
                return {"type": "object", "additionalProperties": {"$ref": f"#/$defs/{shape}"}}
            case forms.Items(shape, said):
                item: Schema = {"$ref": f"#/$defs/{shape}"}
                return {"type": "array", "items": {"anyOf": [_WORD, item]} if said and shape == "line" else item}
            case forms.Inside(shape):
                return {"$ref": f"#/$defs/{shape}"}

    def _expression(self, name: str) -> Schema:
        expression = {"$ref": "#/$defs/expression"}
        return {"type": "array", "items": expression, "minItems": 1} if name in _LISTED else expression

    def _term(self) -> Schema:
        return {"type": "string", "minLength": 1, "examples": list(_EXAMPLES)}


_DEFINED = (
    *("text", "flow", "slot", "group", "cause", "clause", "phrase", "prompt", "expression", "rule", "field", "state"),
    *("situation", "rehearsal", "step", "line", "expectation"),
)
_EXAMPLES = (*TERMS, "agent speaks", "customer speaks", "promise made", "day weekend", "fields heard")


def _some(one: Schema, least: int = 0) -> Schema:
    """One or a list of them."""
    several: Schema = {"type": "array", "items": one}
    return {"anyOf": [one, {**several, "minItems": least} if least else several]}


def _any_case(pattern: str) -> str:
    """A pattern of a length of time for readers who know no flags; and no length is 0."""
    letters = re.sub(r"(?<!\\)[a-z]", lambda found: f"[{found[0]}{found[0].upper()}]", pattern)
    return letters.replace("^", "^(?=.*[1-9])", 1)


def _one_of(keys: tuple[str, ...]) -> list[Schema]:
    return [{"required": [key]} for key in keys]


def _either(key: str, there: Schema, absent: Schema) -> Schema:
    """One shape where ``key`` is there, else the other; as a condition, so that an editor complains of that alone."""
    return {"if": {"type": "object", "required": [key]}, "then": there, "else": absent}
