//! What is answered to a press of a button in Slack, to the address that Slack names for it.
//!
//! Intuition: Slack hands over an envelope with a stamp on it (`response_url`): good for half an hour and five
//! letters. Whoever pressed reads the answer where they pressed, and the message they pressed in says how it
//! stands.
//!
//! Invariants:
//! - the address came from outside, signed or not: only Slack's own hosts are written to, over HTTPS and
//!   through the guard for addresses of others; besides them only the host that the operator wrote down as the
//!   channel's `url`;
//! - an answer for one person is seen by that person alone.

use crate::call;
use crate::escape::slack;
use crate::one_line;
use egress::{Client, Method, Policy};
use serde_json::{Value, json};

/// Where Slack's own addresses for answers lead; the second is that of its government cloud.
const SLACK: [&str; 2] = ["https://hooks.slack.com", "https://hooks.slack-gov.com"];

/// The block of a message that says how it stands.
const STANDS: &str = "lamplighter-stands";

/// Characters of a block of context.
const LINE_CHARS_MAX: usize = 2_000;

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PressAnswer<'a> {
    /// For whoever pressed, and nobody else.
    Aside(&'a str),
    /// The message itself is written anew: its blocks as Slack handed them over, and how it stands now.
    Anew {
        /// What notifications show.
        text: &'a str,
        /// As they came with the press.
        blocks: &'a Value,
        /// In one line.
        stands: &'a str,
        /// The buttons that still do something, by `action_id`.
        keep: &'a [&'a str],
    },
}

/// Sends an answer to `response_url`. `url` is the channel's own.
///
/// # Errors
///
/// In words without the address, which is a secret for half an hour.
pub async fn answer_press(
    url: &str,
    response_url: &str,
    answer: PressAnswer<'_>,
) -> Result<(), String> {
    let client = Client::new(policy(url, response_url)?);
    let body = body(answer);
    match call::json(&client, Method::POST, response_url, None, &body).await {
        Ok(it) if it.is_success() => Ok(()),
        Ok(it) => Err(format!("Slack answered {}", it.status)),
        Err(outcome) => Err(format!("Slack was not reached: {outcome:?}")),
    }
}

/// Who vouches for the address: Slack, or the operator; `Err`: nobody.
fn policy(url: &str, response_url: &str) -> Result<Policy, String> {
    let place = origin(response_url);
    match place {
        Some(it) if SLACK.contains(&it.as_str()) => Ok(Policy::Untrusted),
        Some(it) if Some(&it) == origin(url).as_ref() => Ok(Policy::Operator),
        _ => Err("the address for the answer is none of Slack's".to_owned()),
    }
}

/// `https://host:port`, in lower case. What is written in a way that different readers take differently has
/// none.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let plain = |it: char| it.is_ascii_alphanumeric() || ".-:[]".contains(it);
    let whole = !host.is_empty() && host.chars().all(plain) && !url.contains('\\');
    whole.then(|| format!("{scheme}://{host}").to_ascii_lowercase())
}

fn body(answer: PressAnswer<'_>) -> Value {
    let (text, blocks, stands, keep) = match answer {
        PressAnswer::Anew { text, blocks, stands, keep } => (text, blocks, stands, keep),
        PressAnswer::Aside(text) => {
            return json!({
                "response_type": "ephemeral", "replace_original": false, "text": slack(text),
            });
        }
    };
    let mut kept: Vec<Value> = vec![];
    for block in blocks.as_array().into_iter().flatten() {
        if block["block_id"] == STANDS {
            continue;
        }
        let mut block = block.clone();
        if block["type"] == "actions" {
            let Some(buttons) = block["elements"].as_array_mut() else { continue };
            buttons.retain(|it| keep.iter().any(|name| it["action_id"] == *name));
            if buttons.is_empty() {
                continue;
            }
        }
        kept.push(block);
    }
    let line: String = one_line(stands).chars().take(LINE_CHARS_MAX).collect();
    kept.push(json!({
        "type": "context",
        "block_id": STANDS,
        "elements": [{ "type": "plain_text", "text": line, "emoji": false }],
    }));
    json!({ "replace_original": true, "text": text, "blocks": kept })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slack_and_the_operator_s_own_host_are_written_to() {
        let ours = "http://127.0.0.1:9000/api";
        for (response_url, expected) in [
            ("https://hooks.slack.com/actions/T1/2/x", Some(Policy::Untrusted)),
            ("https://HOOKS.slack-gov.com/actions/T1", Some(Policy::Untrusted)),
            ("http://127.0.0.1:9000/actions/x", Some(Policy::Operator)),
            ("http://hooks.slack.com/actions/T1", None),
            ("https://hooks.slack.com.evil.example/x", None),
            ("https://hooks.slack.com@evil.example/x", None),
            ("https://evil.example\\@hooks.slack.com/x", None),
            ("https://hooks.slack.com:444/x", None),
            ("http://127.0.0.1:9001/x", None),
            ("http://169.254.169.254/latest", None),
            ("", None),
        ] {
            assert_eq!(policy(ours, response_url).ok(), expected, "{response_url}");
        }
    }

    #[test]
    fn a_message_keeps_its_words_and_loses_the_buttons_that_do_nothing() {
        let button = |id: &str| json!({ "type": "button", "action_id": id });
        let blocks = json!([
            { "type": "header", "text": "x" },
            { "type": "actions", "elements": [button("acknowledge"), button("resolve")] },
            { "type": "context", "block_id": STANDS, "elements": [] },
        ]);
        let anew = |keep: &[&str]| {
            let stands = "Ana\nhas it";
            body(PressAnswer::Anew { text: "t", blocks: &blocks, stands, keep })
        };
        let taken = anew(&["resolve"]);
        assert_eq!(taken["replace_original"], true);
        assert_eq!(taken["blocks"][1]["elements"], json!([button("resolve")]));
        assert_eq!(taken["blocks"][2]["elements"][0]["text"], "Ana has it");
        assert_eq!(taken["blocks"].as_array().map(Vec::len), Some(3));
        assert_eq!(anew(&[])["blocks"].as_array().map(Vec::len), Some(2), "no button is left");
        let aside = body(PressAnswer::Aside("<!channel> & done"));
        assert_eq!(aside["text"], "&lt;!channel&gt; &amp; done");
        assert_eq!(aside["response_type"], "ephemeral");
    }
}
