"""Made-up values for every PII type, from Faker in many locales and from the spans of the training pack."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property

from faker import Faker

from routertrain.pii_words import (
    ADDRESS_UNITS,
    DATE_FORMATS,
    KNOWN_ORGANISATIONS,
    LOCALES,
    NRPS,
    ORGANISATION_ENDS,
    ORGANISATION_WORDS,
    OTHER_GPES,
    RELATIVE_DATES,
    TITLES,
    TOP_DOMAINS,
)

BANK_SHARE = 0.3
BANK_SHARES = {"ORGANIZATION": 0.55, "GPE": 0.5, "TITLE": 0.5}
"""How often a value comes out of the training pack instead of a generator."""


class PiiValues:
    """Draws values; `bank` holds values of the training pack by type and is mixed in."""

    def __init__(self, seed: int, bank: dict[str, Sequence[str]]) -> None:
        Faker.seed(seed)
        self._chance = random.Random(seed)
        self._fakers = [Faker(locale) for locale in LOCALES]
        self._bank = bank
        self._cards = Faker("en_US")

    def draw(self, kind: str) -> str:
        bank = self._bank.get(kind, ())
        if bank and self._chance.random() < BANK_SHARES.get(kind, BANK_SHARE):
            return self._chance.choice(bank)
        return self._makers[kind]().strip()

    @cached_property
    def _makers(self) -> dict[str, Callable[[], str]]:
        return {
            "AGE": lambda: str(self._chance.randint(1, 99)),
            "CREDIT_CARD": self._card,
            "DATE_TIME": self._date,
            "DOMAIN_NAME": self._domain,
            "EMAIL_ADDRESS": lambda: self._faker.email() if self._chance.random() < 0.5 else self._faker.company_email(),
            "GPE": self._place,
            "IBAN_CODE": self._iban,
            "IP_ADDRESS": lambda: self._cards.ipv4() if self._chance.random() < 0.8 else self._cards.ipv6(),
            "NRP": lambda: self._chance.choice(NRPS),
            "ORGANIZATION": self._organisation,
            "PERSON": self._person,
            "PHONE_NUMBER": self._phone,
            "STREET_ADDRESS": self._street,
            "TITLE": lambda: self._chance.choice(TITLES) if self._chance.random() < 0.6 else self._cards.job().split(",")[0],
            "US_DRIVER_LICENSE": self._licence,
            "US_SSN": self._ssn,
            "ZIP_CODE": lambda: self._faker.postcode(),
        }

    @property
    def _faker(self) -> Faker:
        return self._chance.choice(self._fakers)

    def _person(self) -> str:
        faker, roll = self._faker, self._chance.random()
        if roll < 0.45:
            return f"{faker.first_name()} {faker.last_name()}"
        if roll < 0.7:
            return str(faker.first_name())
        if roll < 0.9:
            return str(faker.last_name())
        return f"{faker.first_name()} {self._chance.choice('ABCDEFGHJKLMNPRSTW')} {faker.last_name()}"

    def _street(self) -> str:
        faker, roll = self._faker, self._chance.random()
        street = f"{faker.street_name()} {faker.building_number()}" if roll < 0.4 else faker.street_address()
        if roll > 0.9:
            street = f"{self._chance.randint(1, 999)} {street}"
        if self._chance.random() < 0.35:
            unit = self._chance.choice(ADDRESS_UNITS).format(self._chance.randint(1, 999))
            street += self._chance.choice([" ", "\n ", ", "]) + unit
        if self._chance.random() < 0.35:
            parts = [faker.city(), self._place(), faker.postcode()]
            street += "".join(self._chance.choice([" ", "\n ", "\n", ", "]) + part for part in parts[: self._chance.randint(1, 3)])
        return " ".join(street.split(" "))

    def _place(self) -> str:
        roll = self._chance.random()
        if roll < 0.45:
            return str(self._faker.city())
        if roll < 0.85:
            return str(self._cards.country())
        return self._chance.choice(OTHER_GPES) if roll < 0.95 else str(self._cards.state())

    def _organisation(self) -> str:
        faker, roll = self._faker, self._chance.random()
        if roll < 0.4:
            return str(faker.company())
        if roll < 0.55:
            return self._chance.choice(KNOWN_ORGANISATIONS)
        stem = self._cards.word().capitalize() if roll < 0.9 else str(faker.last_name())
        if roll < 0.75:
            stem += self._cards.word() if self._chance.random() < 0.7 else f" {self._cards.word().capitalize()}"
        middle = " " + self._chance.choice(ORGANISATION_WORDS) if self._chance.random() < 0.6 else ""
        return stem + middle + self._chance.choice(ORGANISATION_ENDS)

    def _date(self) -> str:
        if self._chance.random() < 0.25:
            return self._chance.choice(RELATIVE_DATES)
        return str(self._cards.date_between("-90y", "+5y").strftime(self._chance.choice(DATE_FORMATS)))

    def _card(self) -> str:
        number = str(self._cards.credit_card_number())
        if self._chance.random() < 0.25:
            separator = self._chance.choice("- ")
            return separator.join(number[index : index + 4] for index in range(0, len(number), 4))
        return number

    def _phone(self) -> str:
        if self._chance.random() < 0.6:
            return str(self._faker.phone_number())
        pattern = self._chance.choice(
            (
                "###-###-####",
                "(###) ###-####",
                "### ### ####",
                "+## ## #### ####",
                "###.###.####",
                "### ## ###",
                "#### ####",
                "0### ######",
                "##########",
            )
        )
        return str(self._cards.numerify(pattern))

    def _domain(self) -> str:
        name = self._cards.domain_name()
        if self._chance.random() < 0.4:
            name = self._cards.word().capitalize() + self._cards.word().capitalize() + "." + self._chance.choice(TOP_DOMAINS)
        return self._chance.choice(["", "", "www.", "https://www.", "http://"]) + str(name) + self._chance.choice(["", "", "/"])

    def _iban(self) -> str:
        code = str(self._faker.iban())
        if self._chance.random() < 0.3:
            return " ".join(code[index : index + 4] for index in range(0, len(code), 4))
        return code

    def _ssn(self) -> str:
        number = str(self._cards.ssn())
        return number if self._chance.random() < 0.7 else number.replace("-", self._chance.choice([" ", ""]))

    def _licence(self) -> str:
        pattern = self._chance.choice(
            ("?#######", "#########", "?############", "?##-##-####", "??######", "########", "?###-####-####", "?##############")
        )
        return str(self._cards.bothify(pattern, letters="ABCDEFGHJKLMNPRSTUVWXYZ"))


def value_bank(spans: Sequence[tuple[str, str]]) -> dict[str, Sequence[str]]:
    """Groups (type, value) pairs by type."""
    found: dict[str, set[str]] = defaultdict(set)
    for kind, value in spans:
        found[kind].add(value)
    return {kind: sorted(values) for kind, values in found.items()}
