"""The machine's apt sources, as deb-src ones."""

from slipway.local.debian_source import as_source_lines, as_source_stanzas

SUITES = {"bookworm", "bookworm-updates", "bookworm-security"}


def test_lines_of_the_release_become_source_lines() -> None:
    text = """\
# deb http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # fast
deb-src [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib
deb http://mirror.example/debian bookworm-backports main
deb http://other.example/tool bookworm stable
deb http://other.example/flat ./
"""
    assert as_source_lines(text, SUITES) == (
        "deb-src [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main\n"
    )


def test_stanzas_of_the_release_become_source_stanzas() -> None:
    text = """\
# the archive
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main non-free
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
Enabled: no
URIs: http://mirror.example/off
Suites: bookworm
Components: main

Types: deb
URIs: http://other.example/tool
Suites: nodistro
Components: main
"""
    assert as_source_stanzas(text, SUITES) == (
        "types: deb-src\n"
        "uris: http://mirror.example/debian\n"
        "suites: bookworm bookworm-updates\n"
        "components: main\n"
        "signed-by: -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
        " .\n"
        " abc\n"
        " -----END PGP PUBLIC KEY BLOCK-----\n"
    )


def test_nothing_of_another_release_is_taken() -> None:
    assert as_source_lines("deb http://mirror.example/debian trixie main\n", SUITES) == ""
    assert as_source_stanzas("Types: deb\nSuites: trixie\nComponents: main\n", SUITES) == ""
