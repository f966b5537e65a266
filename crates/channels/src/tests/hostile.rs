//! Words of alerts that want to do something, through every channel: they may be shown, nothing more.

use super::requests::{all, decoded, page, yes};
use super::{NOW, sender};
use crate::escape;
use crate::fakes::{HttpProvider, MailServer, Received};
use crate::{Message, Outcome, gsm, sms};
use model::Medium;
use serde_json::Value;

/// What alerts have been seen or imagined to say.
const HOSTILE: [&str; 24] = [
    "<!channel> <!here> <@U024BE7LH> <https://evil.example|log in>",
    "@everyone @here @channel @all @room <@&1> <@!2>",
    "**bold** _em_ ~~gone~~ `code` ||hidden|| > quote",
    "[log in](https://evil.example) ![x](https://evil.example/x.png)",
    "# heading\n- list\n+ more\n=====\n    code",
    "</b></pre><script>alert(1)</script><a href='javascript:x'>x</a>",
    "<Hangup/></Say><Dial>+15550666</Dial><Say>",
    "]]><!--",
    "&amp;lt; &#x3c; &#60;b&#62;",
    "Subject\r\nBcc: all@solar.example\r\n\r\nbody",
    "a\nb\r\nc\rd\u{2028}e\u{85}f",
    "\0\u{1}\u{7}\u{8}\u{1b}[31mred\u{1b}[0m",
    "\u{202e}txt.exe\u{2066}x\u{2069}",
    "{{DATE(2026-01-01T00:00:00Z,SHORT)}} ${x} {to} {text} {key} %d %s",
    "&text=other&to=%2B15550666&password=x",
    "?status=1#frag",
    "\\",
    "\\*not bold\\*",
    "\"}],\"x\":[{\"",
    "“Größe” – 5 µs… 🔥 свет",
    "https://a.example/x_y_z?q=1&r=2 http://evil.example/)*bold*",
    "\u{fffe}\u{ffff}\u{feff}",
    ":fire: <:emoji:1> <t:1:R>",
    ".\r\n.\r\nQUIT\r\n",
];

#[test]
fn every_medium_escapes_what_it_would_act_upon() {
    let check = |safe: fn(&str) -> String, text: &str, expect: &str| {
        assert_eq!(safe(text), expect, "{text:?}");
    };
    check(escape::slack, "<!channel> a & b > c", "&lt;!channel&gt; a &amp; b &gt; c");
    check(escape::slack, "&lt;", "&amp;lt;");
    check(
        escape::html,
        "<a href=\"x\" title='y'>&",
        "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;",
    );
    check(escape::xml, "a\0b\u{ffff}<Say>", "ab&lt;Say&gt;");
    check(escape::markdown, "**b** _e_ `c`", "\\*\\*b\\*\\* \\_e\\_ \\`c\\`");
    check(
        escape::markdown,
        "[a](b) <@1> ||x|| ~~y~~",
        "\\[a\\]\\(b\\) \\<@\u{200b}1\\> \\|\\|x\\|\\| \\~\\~y\\~\\~",
    );
    check(escape::markdown, "@everyone a@b", "@\u{200b}everyone a@\u{200b}b");
    check(escape::markdown, "# h\n- l\n      code", "\\# h\n\\- l\n   code");
    check(
        escape::markdown,
        "see https://a.example/x_y-z?q=1#f now",
        "see https://a.example/x_y-z?q=1#f now",
    );
    check(escape::markdown, "https://a.example/)*b*", "https://a.example/\\)\\*b\\*");
    check(escape::markdown, "\\*", "\\\\\\*");
    check(escape::printable, "a\u{202e}b\u{1b}[31m\tc\r\nd", "ab[31m\tc\nd");
    check(
        escape::spoken,
        "pg_12 (late by 4m): <b>disk</b> /var https://l.example/a",
        "page 12 late by 4m : b disk b var",
    );
    check(escape::spoken, "in_3: 5% fail", "incident 3: 5% fail");
    check(crate::one_line, "Subject\r\nBcc: x", "Subject Bcc: x");
}

#[test]
fn what_is_cut_says_so_and_never_in_the_middle_of_an_escape() {
    assert_eq!(escape::within("abcdef", 6), "abcdef");
    assert_eq!(escape::within("abcdefghij", 9), "abc\n[cut]");
    assert_eq!(escape::safe_within("<<<<<<", 24, escape::html), "&lt;&lt;&lt;&lt;&lt;&lt;");
    assert_eq!(escape::safe_within("<<<<<<<", 24, escape::html), "&lt;&lt;&lt;&lt;\n[cut]");
}

#[tokio::test]
async fn hostile_words_do_nothing_in_any_medium() {
    let seed = 0x1a2b_3c4d_u64;
    println!("seed {seed:#x}");
    let mut dice = seed;
    let mut roll = |below: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((dice >> 33) % below as u64).expect("small")
    };
    let mut texts: Vec<String> = HOSTILE.iter().map(|it| (*it).to_owned()).collect();
    for _ in 0..40 {
        let parts = (0..2 + roll(4)).map(|_| {
            let part = HOSTILE[roll(HOSTILE.len())];
            let from = part.floor_char_boundary(roll(part.len()));
            &part[from..]
        });
        texts.push(parts.collect::<Vec<_>>().join(["", " ", "\n"][roll(3)]));
    }
    texts.push(HOSTILE.join("\n").repeat(30));
    for kind in all("").iter().map(|it| it.0) {
        let (status, body) = yes(kind);
        let server = HttpProvider::start(status, body).await;
        let (_, channel, medium, to) =
            all(&server.url).into_iter().find(|it| it.0 == kind).expect("such a channel");
        let sender = sender(&channel);
        sender.send(medium, &page(to), NOW).await;
        let tame = server.received().pop().expect("a request");
        for text in &texts {
            let outcome = sender.send(medium, &saying(text, to), NOW).await;
            assert!(matches!(outcome, Outcome::Sent { .. }), "{kind}: {text:?}: {outcome:?}");
            let received = server.received().pop().expect("a request");
            is_harmless(kind, &received, &tame, text);
        }
    }
}

fn saying(text: &str, to: &str) -> Message {
    let (subject, short) = (text.to_owned(), text.to_owned());
    Message { subject, short, text: text.to_owned(), ..page(to) }
}

fn is_harmless(kind: &str, received: &Received, tame: &Received, text: &str) {
    let told = format!("{kind}: {text:?} became {received:?}");
    let names: fn(&Received) -> Vec<String> =
        |it| it.headers.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names(received), names(tame), "{told}");
    let body: Value = serde_json::from_str(&received.body).unwrap_or_default();
    let text_of = |pointer: &str| {
        body.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}: {told}"))
    };
    match kind {
        "kannel" => assert_eq!(keys(&received.line), keys(&tame.line), "{told}"),
        "twilio" => assert_eq!(keys(&received.body), keys(&tame.body), "{told}"),
        "twilio-voice" => {
            assert_eq!(keys(&received.body), keys(&tame.body), "{told}");
            let twiml = |it: &Received| {
                let value = it.body.split('&').find_map(|it| it.strip_prefix("Twiml="));
                tags(&decoded(value.expect("words")))
            };
            assert_eq!(twiml(received), twiml(tame), "{told}");
        }
        "slack" | "slack-webhook" => {
            assert!(!text_of("/text").contains(['<', '>']), "{told}");
            let tame: Value = serde_json::from_str(&tame.body).expect("JSON");
            let own = |it: &Value| tame["blocks"].as_array().is_some_and(|all| all.contains(it));
            for block in body["blocks"].as_array().expect("blocks") {
                let kind = block["text"]["type"].as_str();
                assert!(own(block) || matches!(kind, Some("plain_text")), "{told}");
                let length = block["text"]["text"].as_str().map_or(1, |it| it.chars().count());
                assert!((1..=3_000).contains(&length), "{told}");
            }
        }
        "telegram" => {
            assert_eq!(tags(text_of("/text")), ["<b>", "</b>"], "{told}");
            assert!(text_of("/text").chars().count() <= 4_096, "{told}");
        }
        "matrix" => {
            let ours = ["<strong>", "</strong>", "<br>", "</a>"];
            for tag in tags(text_of("/formatted_body")) {
                let link = tag.starts_with("<a href=\"https://lamp.example/");
                assert!(link || ours.contains(&tag.as_str()), "{tag}: {told}");
            }
            assert_eq!(body["m.mentions"], serde_json::json!({}), "{told}");
        }
        "discord" => {
            let content = text_of("/content");
            is_plain_markdown(content.strip_prefix("**").expect("a title"), &told);
            assert!(content.chars().count() <= 2_000, "{told}");
            assert_eq!(body["allowed_mentions"], serde_json::json!({ "parse": [] }), "{told}");
        }
        "mattermost" => {
            is_plain_markdown(text_of("/text"), &told);
            is_plain_markdown(text_of("/attachments/0/title"), &told);
            is_plain_markdown(text_of("/attachments/0/text"), &told);
        }
        "teams" => {
            let blocks = body.pointer("/attachments/0/content/body").and_then(Value::as_array);
            for block in blocks.expect("blocks") {
                assert_eq!(block["type"], "RichTextBlock", "{told}");
                assert_eq!(block["inlines"][0]["type"], "TextRun", "{told}");
            }
            assert!(received.body.len() < 28 * 1_024, "{told}");
        }
        "pushover" => {
            assert!(body["html"].is_null() && body["monospace"].is_null(), "{told}");
            assert!(text_of("/message").chars().count() <= 1_024, "{told}");
            assert!(text_of("/title").chars().count() <= 250, "{told}");
        }
        "ntfy" => {
            assert!(body["markdown"].is_null(), "{told}");
            assert!(text_of("/message").len() <= 4_096, "{told}");
            assert!(!text_of("/title").contains('\n'), "{told}");
        }
        other => panic!("nobody says what is harmless for {other}"),
    }
}

/// The names of a query or form, in order.
fn keys(text: &str) -> Vec<String> {
    let query = text.split('?').next_back().unwrap_or(text);
    query.split('&').map(|it| it.split('=').next().unwrap_or(it).to_owned()).collect()
}

/// Every tag in markup, and a panic at an ampersand that begins no entity.
fn tags(markup: &str) -> Vec<String> {
    for rest in markup.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(known.iter().any(|it| rest.starts_with(it)), "a bare & before {rest:?}");
    }
    let found = markup.split('<').skip(1).map(|it| {
        let end = it.find('>').unwrap_or_else(|| panic!("an open < before {it:?}"));
        format!("<{}", &it[..=end])
    });
    found.collect()
}

/// No mention, and behind the closing of our own title no markup but our own links.
fn is_plain_markdown(text: &str, told: &str) {
    for word in ["@everyone", "@here", "@channel", "@all"] {
        assert!(!text.contains(word), "{word}: {told}");
    }
    let body = text.replacen("**\n", "\n", 1);
    for line in body.lines() {
        let ours = ["[Take it](", "[Everything about it]("].iter().any(|it| line.starts_with(it));
        if ours || line.is_empty() || line == "[cut]" {
            continue;
        }
        assert!(!line.starts_with(['#', '-', '+', '=']) && !line.starts_with("    "), "{told}");
        for word in line.split_whitespace() {
            let link = word.starts_with("https://") || word.starts_with("http://");
            if link && !word.contains(['*', '(', ')', '[', ']', '<', '>', '`', '|', '~', '\\']) {
                continue;
            }
            let mut escaped = false;
            for it in word.chars() {
                assert!(escaped || !"*_`[]()<>|~".contains(it), "{it} in {word:?}: {told}");
                escaped = it == '\\' && !escaped;
            }
            assert!(!escaped, "a backslash without a character in {word:?}: {told}");
        }
    }
}

#[tokio::test]
async fn hostile_words_add_no_header_to_a_mail() {
    let server = MailServer::start().await;
    let sender = sender(&super::smtp(server.port));
    let names = |text: &str| -> Vec<String> {
        let head = text.split("\r\n\r\n").next().expect("a head");
        let lines = head.split("\r\n").filter(|it| !it.starts_with([' ', '\t']));
        lines.map(|it| it.split(':').next().expect("a name").to_owned()).collect()
    };
    sender.send(Medium::Email, &page("ana@solar.example"), NOW).await;
    let tame = names(&server.mails().pop().expect("a mail").text);
    for text in HOSTILE {
        let outcome = sender.send(Medium::Email, &saying(text, "ana@solar.example"), NOW).await;
        assert!(matches!(outcome, Outcome::Sent { .. }), "{text:?}: {outcome:?}");
        let mail = server.mails().pop().expect("a mail");
        assert_eq!(names(&mail.text), tame, "{text:?}");
        assert_eq!(mail.to, "ana@solar.example");
        let rich = mail.text.split("text/html").nth(1).expect("a rich part");
        assert!(!rich.contains("<script"), "{text:?}");
    }
    let mut smuggled = page("ana@solar.example\r\nRCPT TO:<all@solar.example>");
    smuggled.key = "no_8".into();
    let outcome = sender.send(Medium::Email, &smuggled, NOW).await;
    assert!(matches!(outcome, Outcome::Permanent { .. }), "{outcome:?}");
}

/// Whatever a text says: in the alphabet of telephones one message, with its link; else at most two.
#[test]
fn an_sms_never_costs_more_than_promised() {
    let page_of = |text: &str, id: u32, host: &str| Message {
        short: format!("pg_{id} (late by 1h 59m): {text}"),
        ack_url: Some(format!("https://{host}/a/no_{id}/AAAAAAAAAAAAAAAA")),
        ..page("+1")
    };
    for host in ["l.io", "lamplighter.example.org", &"h".repeat(80)] {
        for id in [1, 999_999] {
            for text in HOSTILE {
                let text = text.repeat(4);
                let letter = page_of(&text, id, host);
                let sent = sms(&letter);
                let cost = gsm::cost(&sent);
                let most = if gsm::is_gsm(&sent) { 1 } else { 2 };
                assert!(cost.segments <= most, "{cost}: {sent:?}");
                let link = letter.ack_url.as_deref().expect("a link");
                assert!(sent.ends_with(link), "{sent:?}");
                assert!(sent.starts_with(&format!("pg_{id} ")), "{sent:?}");
            }
        }
    }
}
