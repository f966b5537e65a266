//! Everything that can be wrong, one case after another, in `problems.txt`.
//!
//! A case is a title that names the codes it is about, files, and what is said about them. To
//! write what is said anew after a change of words: `LAMPLIGHTER_BLESS=1 cargo test -p catalog`,
//! then read the difference.

use super::shorthand;
use crate::{Loaded, codes, load, load_str, render, to_json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

struct Case<'a> {
    title: &'a str,
    files: Vec<(&'a str, &'a str)>,
    expected: &'a str,
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let blocks = text.strip_prefix("=== ").unwrap().split("\n=== ");
    blocks.map(case).collect()
}

fn case(block: &str) -> Case<'_> {
    let (title, rest) = block.split_once('\n').unwrap();
    let (files, expected) = rest.split_once("\n>>>\n").unwrap_or((rest, ""));
    let files = files.strip_prefix("--- ").unwrap().split("\n--- ");
    Case { title, files: files.map(|it| it.split_once('\n').unwrap()).collect(), expected }
}

fn codes_in(title: &str) -> BTreeSet<&str> {
    title.split(' ').take_while(|it| it.starts_with("LL")).collect()
}

fn found(loaded: &Loaded) -> BTreeSet<&str> {
    loaded.diagnostics.iter().map(|it| it.code).collect()
}

#[test]
fn everything_is_said_about_every_case() {
    let text = include_str!("problems.txt");
    let bless = std::env::var_os("LAMPLIGHTER_BLESS").is_some();
    let mut rewritten = String::new();
    for case in cases(text) {
        let loaded = load_str(&case.files);
        let said = shorthand(&loaded);
        if bless {
            writeln!(rewritten, "=== {}", case.title).unwrap();
            for (name, text) in &case.files {
                writeln!(rewritten, "--- {name}\n{text}").unwrap();
            }
            write!(rewritten, ">>>\n{said}").unwrap();
        } else {
            assert_eq!(said.trim_end(), case.expected.trim_end(), "case: {}", case.title);
            assert!(codes_in(case.title).is_subset(&found(&loaded)), "case: {}", case.title);
        }
        let usable = loaded.diagnostics.iter().all(|it| it.severity != crate::Severity::Error);
        assert_eq!(loaded.catalogue.is_some(), usable, "case: {}", case.title);
    }
    if bless {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/problems.txt");
        std::fs::write(path, rewritten).unwrap();
    }
}

/// A code, what triggers it, and what is said about it.
type Special = (&'static str, fn() -> Loaded, &'static str);

/// What is too large, or too much of the file system, to stand in `problems.txt`.
const SPECIAL: &[Special] = &[
    (
        "LL001",
        || load(&["/nowhere/at/all.yaml".into()]),
        "LL001 /nowhere/at/all.yaml:0:0 [] cannot read `/nowhere/at/all.yaml`: No such file or \
         directory (os error 2)\n      check the path and who may read it\n",
    ),
    (
        "LL002",
        || load_str(&[("a.yaml", &"# long\n".repeat(3_000_000))]),
        "LL002 a.yaml:0:0 [] `a.yaml` is larger than 16 MiB\n      split it into several files of \
         one folder\n",
    ),
    (
        "LL003",
        || {
            let mut sink = crate::diagnostic::Sink::default();
            let mut files = Vec::new();
            crate::files::accept("a.yaml", b"org: \xff".to_vec(), &mut files, &mut sink);
            let nothing = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
            crate::load_files(files, &nothing, sink)
        },
        "LL003 a.yaml:0:0 [] `a.yaml` is not UTF-8 text: see byte 5\n      save it as UTF-8\n",
    ),
    (
        "LL005",
        || load_str(&[("a.yaml", &format!("org: {}{}", "[".repeat(80), "]".repeat(80)))]),
        "LL005 a.yaml:1:21 [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]] nested deeper \
         than 64 levels\n      nothing here needs such depth\n",
    ),
    (
        "LL120",
        || load_str(&[("a.yaml", PROMISED)]).with_old_reasons(&["f".into()]),
        "LL120 a.yaml:9:102 [as a start] the reason for `f` is that of an earlier revision\n      say why the \
         promise changed now, or say it with `lamplighter revise`\n",
    ),
    (
        "LL121",
        || {
            let now = model::Timestamp::parse_rfc3339("2027-01-02T00:00:00Z").unwrap();
            load_str(&[("a.yaml", PROMISED)]).with_absences(now)
        },
        "LL121 a.yaml:9:166 [2027-01-01] review of `f` overdue since 2027-01-01, as the file says\n      sign \
         anew or say `lamplighter revise --next DAY`, which only the server knows of; then write the next day \
         here\n",
    ),
];

/// A promise with a story and a day on which it is looked at again.
const PROMISED: &str = r#"
org: solar
services: { a: { team: shop, slos: { up: { objective: 99%, ratio: { bad: b, total: t } } } } }
teams: { shop: { members: [ana] } }
people: { ana: { timezone: UTC, email: ana@solar.example } }
escalations: { shop: [{ page: person ana }] }
channels: { m: { smtp: { host: mail.example, from: a@mail.example } } }
sources: { one: { scrape: { targets: { shop: "http://127.0.0.1:1/metrics" } } } }
features: { f: { question: F?, team: shop, objective: 99%, needs: a.up, revision: { by: ana, reason: as a start }, owners: { product: ana, engineering: ana, review: 2027-01-01 } } }
"#;

#[test]
fn special_cases() {
    for (code, make, expected) in SPECIAL {
        assert_eq!(shorthand(&make()), *expected, "{code}");
    }
}

#[test]
fn more_problems_than_anybody_reads_are_counted() {
    let mut text = "org: solar\n".to_owned();
    (0..1_500).for_each(|it| writeln!(text, "key{it}: 1").unwrap());
    let loaded = load_str(&[("a.yaml", &text)]);
    assert_eq!(loaded.diagnostics.len(), 1_001);
    assert_eq!(
        shorthand(&loaded).lines().take(2).collect::<Vec<_>>(),
        [
            "LL009 a.yaml:0:0 [] 500 more problems are not shown",
            "      mend the first 1000 and check again"
        ]
    );
}

#[test]
fn no_code_is_untested() {
    let cases = cases(include_str!("problems.txt"));
    let titled = cases.iter().flat_map(|it| codes_in(it.title));
    let special = SPECIAL.iter().map(|(code, ..)| *code);
    let tested: BTreeSet<&str> = titled.chain(special).chain(["LL009"]).collect();
    let known: BTreeSet<&str> = codes().iter().map(|it| it.code).collect();
    assert_eq!(tested, known);
}

#[test]
fn codes_are_unique_and_in_order() {
    assert!(codes().windows(2).all(|it| it[0].code < it[1].code));
}

#[test]
fn a_person_sees_the_line_and_a_hint() {
    let files = [
        ("people.yaml", "org: solar\npeople:\n  ana: { timezone: Africa/Nairobi }\n"),
        ("teams.yaml", "teams:\n  payments: { members: [ana, amna] }\npeople:\n  ana: 5\n"),
    ];
    insta::assert_snapshot!(render(&load_str(&files), false), @r"
    error[LL040]: unknown person `amna`
     --> teams.yaml:2:30
      |
    2 |   payments: { members: [ana, amna] }
      |                              ^^^^
      |
      = hint: did you mean `ana`?

    error[LL015]: `ana` is defined twice
     --> teams.yaml:4:3
      |
    4 |   ana: 5
      |   ^^^
      |
     ::: people.yaml:3:3
      |
    3 |   ana: { timezone: Africa/Nairobi }
      |   --- first defined here
      |
      = hint: keep one of the two, or rename one

    error[LL012]: `ana` must be a map, and is the number `5`
     --> teams.yaml:4:8
      |
    4 |   ana: 5
      |        ^
      |
      = hint: write `key: value` lines, indented below it, or `{ key: value }`

    3 errors in 2 files
    ");
}

#[test]
fn a_secret_in_the_clear_is_never_shown() {
    let text = "org: solar\nchannels: { a: { ntfy: { url: http://a:hunter2@b.example, token: hunter2, x: 1 } } }\n";
    let loaded = load_str(&[("a.yaml", text)]);
    let shown = render(&loaded, true) + &to_json(&loaded).to_string();
    assert!(!shown.contains("hunter2"), "{shown}");
    insta::assert_snapshot!(render(&loaded, false), @r"
    error[LL031]: a URL must not contain a user name or password
     --> a.yaml:2:31
      |
    2 | channels: { a: { ntfy: { url: **************************, token: *******, x: 1 } } }
      |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: use a token, as `env:NAME` or `file:/path`

    error[LL031]: a secret is written in the clear
     --> a.yaml:2:66
      |
    2 | channels: { a: { ntfy: { url: **************************, token: *******, x: 1 } } }
      |                                                                  ^^^^^^^
      |
      = hint: keep it outside and write `env:NAME` (a variable of the server) or `file:/path`; if this file was shared, change the secret

    error[LL010]: unknown key `x` in ntfy
     --> a.yaml:2:75
      |
    2 | channels: { a: { ntfy: { url: **************************, token: *******, x: 1 } } }
      |                                                                           ^
      |
      = hint: known here: `url`, `token`, `priority`, `receipt-within`

    3 errors in 1 file
    ");
}

#[test]
fn a_program_sees_the_same() {
    let loaded = load_str(&[("a.yaml", "org: solar\nteems: 1\n")]);
    insta::assert_snapshot!(format!("{:#}", to_json(&loaded)), @r#"
    {
      "diagnostics": [
        {
          "code": "LL010",
          "column": 1,
          "file": "a.yaml",
          "hint": "did you mean `teams`?",
          "line": 2,
          "message": "unknown key `teems` in configuration",
          "related": [],
          "severity": "error",
          "span": {
            "end": 16,
            "start": 11
          }
        }
      ],
      "errors": 1,
      "files": [
        "a.yaml"
      ],
      "hash": null,
      "notes": 0,
      "ok": false,
      "warnings": 0
    }
    "#);
    let good = load_str(&[("a.yaml", "org: solar\n")]);
    insta::assert_snapshot!(render(&good, false), @"no problems in 1 file: 0 people, no teams, no services, no features");
    assert_eq!(to_json(&good)["hash"], crate::hash(&good.catalogue.unwrap()));
}

/// Text from a file must not command the terminal of whoever checks it.
#[test]
fn control_characters_do_not_reach_the_terminal() {
    let text = "org: \"a\\e[2Jb\"\npeople: { \"x\\u202e\": { timezone: \"\\a\" } }\nteams: { t: { members: [nobody] } }\n";
    let loaded = load_str(&[("a.yaml", text)]);
    assert_eq!(loaded.diagnostics.len(), 4);
    for it in &loaded.diagnostics {
        let said = it.message.chars().chain(it.hint.iter().flat_map(|it| it.chars()));
        assert!(!said.into_iter().any(|it| it.is_control() || it == '\u{202e}'), "{it:?}");
    }
    let shown = render(&loaded, false);
    assert!(shown.chars().all(|it| it == '\n' || !it.is_control()), "{shown:?}");
    assert!(!shown.contains('\u{202e}'));
}
