//! What a page costs as a text message, told by `check` before anybody is billed.

use channels::Message;
use channels::gsm::{Alphabet, Cost, cost};
use model::{Catalogue, FeatureId, Medium};
use serde_json::json;
use std::fmt::Write as _;

/// The longest ids and the longest lateness that are promised to fit.
const NUMBER_MAX: u32 = 999_999;

/// The page of one feature as a text message.
struct Page<'a> {
    feature: &'a FeatureId,
    cost: Cost,
    /// Whether the end of the question does not fit.
    is_cut: bool,
}

/// Every page, where pages go out by SMS.
fn pages(catalogue: &Catalogue) -> Option<Vec<Page<'_>>> {
    catalogue.channel_for(Medium::Sms)?;
    let base = catalogue.public_url.as_deref().unwrap_or("http://127.0.0.1:4848");
    let page = |(feature, it): (_, &model::Feature)| {
        let letter = Message {
            short: channels::short(
                &format!("pg_{NUMBER_MAX} (late by 23h 59m): {}", it.question),
                channels::SHORT_LENGTH_MAX,
            ),
            ack_url: Some(format!("{base}/a/no_{NUMBER_MAX}/AAAAAAAAAAAAAAAA")),
            ..Message::default()
        };
        let text = channels::sms(&letter);
        Page { feature, cost: cost(&text), is_cut: text.contains("... http") }
    };
    Some(catalogue.features.iter().map(page).collect())
}

/// In words, one line each; empty where no page goes out by SMS.
pub(crate) fn told(catalogue: &Catalogue) -> String {
    let Some(pages) = pages(catalogue) else { return String::new() };
    let mut text = String::new();
    let dear: Vec<_> = pages.iter().filter(|it| it.cost.segments > 1).collect();
    for Page { feature, cost, .. } in &dear {
        let why = match cost.alphabet {
            Alphabet::Ucs2 => "its question is not in the alphabet of telephones",
            Alphabet::Gsm7 => "the link alone is too long",
        };
        let _ = writeln!(text, "SMS: a page of `{feature}` costs {cost}: {why}");
    }
    let cut = pages.iter().filter(|it| it.is_cut).count();
    let shortened = if cut == 0 {
        String::new()
    } else {
        format!("; of {cut}, the end of the question does not fit when the page is late")
    };
    let cheap = pages.len() - dear.len();
    if cheap > 0 {
        let features = if cheap == 1 { "1 feature" } else { &format!("{cheap} features") };
        let _ = writeln!(text, "SMS: a page of {features} costs one text message{shortened}");
    }
    text
}

/// The same for programs.
pub(crate) fn as_json(catalogue: &Catalogue) -> Option<serde_json::Value> {
    let pages = pages(catalogue)?;
    let shown = pages.iter().map(|it| {
        let alphabet = match it.cost.alphabet {
            Alphabet::Gsm7 => "gsm-7",
            Alphabet::Ucs2 => "ucs-2",
        };
        json!({
            "feature": it.feature,
            "messages": it.cost.segments,
            "length": it.cost.length,
            "alphabet": alphabet,
            "cut": it.is_cut,
        })
    });
    Some(shown.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(url: &str, questions: &[&str]) -> Catalogue {
        let mut text = format!(
            "org: solar\npublic-url: {url}\npeople: {{ ana: {{ timezone: UTC, sms: \"+254700000001\" }} }}\n\
             teams: {{ t: {{ members: [ana] }} }}\n\
             channels: {{ k: {{ kannel: {{ url: \"http://127.0.0.1/\", username: u, password: env:P }} }} }}\n\
             sources: {{ own: {{ scrape: {{ targets: {{ a: \"http://127.0.0.1/m\" }} }} }} }}\n\
             services: {{ a: {{ team: t, slos: {{ up: {{ objective: 99%, ratio: {{ bad: b, total: c }} }} }} }} }}\n\
             features:\n"
        );
        for (number, question) in questions.iter().enumerate() {
            let _ = writeln!(
                text,
                "  f{number}: {{ question: \"{question}\", team: t, objective: 99%, needs: a.up }}"
            );
        }
        let loaded = catalog::load_str(&[("a.yaml", &text)]);
        loaded.catalogue.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    #[test]
    fn what_a_page_costs_is_told_before_it_is_billed() {
        let check = |url: &str, questions: &[&str], expect: &str| {
            assert_eq!(told(&catalogue(url, questions)), expect);
        };
        let short = "https://lamp.solar.example";
        check(short, &["Does it work?"], "SMS: a page of 1 feature costs one text message\n");
        check(
            short,
            &["“Größe” – ok?", "Does it work?"],
            "SMS: a page of 2 features costs one text message\n",
        );
        check(
            short,
            &["Горит ли свет?", "Does it work?"],
            "SMS: a page of `f0` costs 2 text messages (99 in UCS-2): its question is not in the \
             alphabet of telephones\nSMS: a page of 1 feature costs one text message\n",
        );
        let long = "q".repeat(150);
        check(
            short,
            &[&long],
            "SMS: a page of 1 feature costs one text message; of 1, the end of the question does \
             not fit when the page is late\n",
        );
        let endless = format!("https://{}.example/{}", "h".repeat(60), "p".repeat(60));
        check(
            &endless,
            &["Does it work?"],
            "SMS: a page of `f0` costs 2 text messages (209 in GSM-7): the link alone is too long\n",
        );
        let mut without = catalogue(short, &["Does it work?"]);
        without.channels.clear();
        assert_eq!(told(&without), "");
        assert_eq!(as_json(&without), None);
    }
}
