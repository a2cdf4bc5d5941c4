"""What a key of a flow file can hold. ``shapes`` says which key holds what; reader, JSON Schema and docs go by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from callflow.texts import Text


@dataclass(frozen=True, slots=True)
class Words:
    """One text. ``said``: something that is said or shown, so that a bare number is a slip."""

    said: bool = False


@dataclass(frozen=True, slots=True)
class WordList:
    """One text or a list of texts; ``said`` as for ``Words``."""

    said: bool = False


@dataclass(frozen=True, slots=True)
class Both:
    """A text in both languages, ``{zh: …, en: …}``, or one for both."""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words; ``many``: a list of them."""

    values: tuple[str, ...]
    many: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A number from ``least`` to ``most``; ``whole``: without a fraction. ``default``: where it is absent."""

    default: float
    least: float
    most: float
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Length:
    """How long: ``3s``, ``2 min``; where ``counted``, also ``3 rings`` and ``2 sentences``."""

    counted: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """The name of something defined elsewhere; ``many``: one or a list. ``kind``: of what, as people call it."""

    kind: Text
    many: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """A term such as ``call.held`` or ``agent greeting``; ``many``: one or a list of which any will do."""

    many: bool = True


@dataclass(frozen=True, slots=True)
class Expression:
    """A term, or ``{all|any|then: […]}``, ``{not: …}``."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """A phrase's name or a prompt; ``many``: one or a list."""

    many: bool = True


@dataclass(frozen=True, slots=True)
class Targets:
    """What leads on, each with the state it leads to."""


@dataclass(frozen=True, slots=True)
class Values:
    """Texts by names of people's own."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries by names of people's own, each of the shape called ``shape``."""

    shape: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list of things of the shape called ``shape``, or, ``said``, of texts as well."""

    shape: str
    said: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """A mapping of the shape called ``shape``."""

    shape: str


Form = (
    Words
    | WordList
    | Both
    | Flag
    | Choice
    | Number
    | Length
    | Name
    | Terms
    | Expression
    | Prompts
    | Targets
    | Values
    | Entries
    | Items
    | Inside
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key: what it holds, what it is for, and whether it must be there."""

    name: str
    form: Form
    says: Text
    required: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A mapping with these keys and no others.

    ``one_of``: keys of which exactly one must be there. ``needs``: pairs of keys of which the first needs the second.
    """

    name: str
    says: Text
    keys: tuple[Key, ...]
    one_of: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    by_name: Mapping[str, Key] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {key.name: key for key in self.keys})
