//! Parts of the reader by themselves, and the reader against rubbish.

use crate::load_str;
use crate::scalars::{duration, handover, is_date, is_email, is_phone, selector, turn, url};
use crate::suggest::nearest;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[test]
fn lengths_of_time() {
    let check = |text: &str, expected: Option<i64>| {
        assert_eq!(duration(text).map(|it| it.0), expected, "{text}");
    };
    check("5m", Some(300_000));
    check("1w", Some(604_800_000));
    check("28d", Some(2_419_200_000));
    check("1h30m", Some(5_400_000));
    check("90s", Some(90_000));
    check("", None);
    check("5", None);
    check("m", None);
    check("5 m", None);
    check("-5m", None);
    check("5m5m", None);
    check("30m1h", None);
    check("1é", None);
    check("99999999999999999999w", None);
    check("99999999999999999w", None);
}

#[test]
fn turns_and_hand_overs() {
    let check = |text: &str, expected: &str| {
        assert_eq!(format!("{:?} {:?}", turn(text), handover(text)), expected, "{text}");
    };
    check("1w", "Some(Weeks(1)) None");
    check("366d", "Some(Days(366)) None");
    check("367d", "None None");
    check("53w", "None None");
    check("+1w", "None None");
    check("mon 09:00", "None Some(Handover { day: Some(Mon), minute: 540 })");
    check("sun 23:59", "None Some(Handover { day: Some(Sun), minute: 1439 })");
    check("00:00", "None Some(Handover { day: None, minute: 0 })");
    check("Mon 09:00", "None None");
    check("mon 9:00", "None None");
    check("mon 09:60", "None None");
}

#[test]
fn shapes_of_addresses() {
    let check = |holds: fn(&str) -> bool, good: &[&str], bad: &[&str]| {
        for (text, expected) in
            good.iter().map(|it| (it, true)).chain(bad.iter().map(|it| (it, false)))
        {
            assert_eq!(holds(text), expected, "{text}");
        }
    };
    check(
        is_email,
        &["a@b", "ana.b+c@solar.example", "o'neill@x-y.example"],
        &["", "@b", "a@", "a b@c", "a@b..c", ".a@b", "a.@b", "a@-b", "a@b@c", "<a@b>", "a@b\n"],
    );
    check(
        is_phone,
        &["+15550100", "+254700000001", "+123456789012345"],
        &["", "+", "15550100", "+0555010", "+1 555 0100", "+123456", "+1234567890123456"],
    );
    check(
        is_date,
        &["2026-02-28", "2028-02-29"],
        &["2026-02-29", "2026-2-28", "2026-13-01", "20260228", "2026-02-28T00:00"],
    );
    check(
        |it| url(it).is_ok(),
        &["http://a", "https://a.example:8443/x?y=z#w", "http://[::1]:80/", "http://10.0.0.1"],
        &["", "a", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:b", "http://a@b"],
    );
    check(
        |it| selector(it, &mut BTreeSet::new()).is_ok(),
        &["a", "a:b_total", "a{}", "a{b=\"c\",d=~\"e.*\"}", "{a=\"b\"}"],
        &["", "1a", "a{", "a{b=\"c}", "rate(a[5m])", "a / b", "{}", "a{b=~\"(\"}"],
    );
}

#[test]
fn did_you_mean() {
    let check = |written: &str, known: &[&str], expected: Option<&str>| {
        assert_eq!(nearest(written, known.iter().copied()), expected, "{written}");
    };
    check("amna", &["bo", "ana"], Some("ana"));
    check("peeple", &["people", "teams"], Some("people"));
    check("Timezone", &["timezone"], Some("timezone"));
    check("urel", &["url"], Some("url"));
    check("bo", &["ana", "ob"], Some("ob"));
    check("zebedee", &["ana", "bo"], None);
    check("x", &["a"], None);
    check("", &["a"], None);
}

/// Rubbish made of the pieces that real files are made of.
fn rubbish() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "org: solar\n",
        "people:",
        "teams:",
        "features:",
        "needs:",
        "all",
        "any",
        " ",
        "\n",
        "  ",
        "{",
        "}",
        "[",
        "]",
        ",",
        ": ",
        "- ",
        "ana",
        "feature f",
        "f:",
        "&a ",
        "*a",
        "!!str ",
        "\"",
        "'",
        "|\n",
        "---\n",
        "...\n",
        "\t",
        "é",
        "\u{1F4A1}",
        "99%",
        "1w",
        "~",
        "? ",
        "\\",
        "#",
        "\r",
        "channels:",
        "smtp",
        "env:A",
        "question",
        "objective",
        "\u{feff}",
        "\u{0}",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|it| it.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing makes the reader fail, every place it names exists, and all of it can be drawn.
    #[test]
    fn rubbish_is_judged_and_shown(text in rubbish()) {
        let loaded = load_str(&[("a.yaml", &text)]);
        for it in &loaded.diagnostics {
            prop_assert!(text.get(it.span.clone()).is_some(), "{it:?}");
            prop_assert!(!it.message.is_empty());
        }
        prop_assert!(crate::render(&loaded, false).ends_with('\n'));
        prop_assert!(crate::render(&loaded, true).ends_with('\n'));
    }

    /// A good file with one piece of rubbish in it.
    #[test]
    fn a_good_file_spoilt_is_judged_and_shown(at in 0_usize..4_000, piece in rubbish()) {
        let mut text = super::catalogue::EVERYTHING.to_owned();
        let at = text.floor_char_boundary(at);
        text.insert_str(at, &piece);
        let loaded = load_str(&[("a.yaml", &text)]);
        prop_assert!(crate::render(&loaded, false).ends_with('\n'));
        let errors = loaded.count(crate::Severity::Error);
        prop_assert_eq!(errors == 0, loaded.catalogue.is_some());
    }
}
