//! Finding personal text in JSON, whatever it stands in.
//!
//! `model::Personal` serialises as `{"$personal":{"subject":…,"text":…}}`. Outside, that becomes
//! `{"$slot":n}`; inside, it comes back as it was, or with `"text":null` once it is erased.
//!
//! Intuition: scissors and glue, not a retyped letter. Most events hold no personal text, and a state
//! of a hundred thousand alerts holds a few addresses, so the text is searched for the one form and
//! only what is found is read. That form cannot be an accident: within a string every quotation mark
//! stands behind a backslash, and between two values JSON wants a comma or a colon.

use crate::seal::{Keyring, Random, SealError, Slot, open, seal};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

const PERSONAL: &str = r#"{"$personal":"#;
const SLOT: &str = r#"{"$slot":"#;

#[derive(Serialize, Deserialize)]
struct Shown<'a> {
    subject: Cow<'a, str>,
    text: Option<Cow<'a, str>>,
}

/// Takes every personal text out of `json`, leaving numbers, and adds the sealed texts to `slots`.
pub(crate) fn take_out<'a>(
    json: &'a str,
    slots: &mut Vec<Slot>,
    keys: &mut dyn Keyring,
    random: &mut dyn Random,
) -> Result<Cow<'a, str>, SealError> {
    splice(json, PERSONAL, |found| {
        let Some(shown) = shown(found) else { return Ok(None) };
        let slot = if let Some(text) = &shown.text {
            seal(&shown.subject, text, keys, random)?
        } else {
            let subject = shown.subject.into_owned();
            Slot { subject, nonce: vec![], sealed: vec![] }
        };
        slots.push(slot);
        Ok(Some(format!("{SLOT}{}}}", slots.len() - 1)))
    })
}

/// Puts personal texts back; one whose key is gone comes back without text.
pub(crate) fn put_back<'a>(
    json: &'a str,
    slots: &[Slot],
    keys: &mut dyn Keyring,
) -> Result<Cow<'a, str>, SealError> {
    splice(json, SLOT, |found| {
        let Some(number) = found["$slot"].as_u64() else { return Ok(None) };
        let slot = usize::try_from(number).ok().and_then(|it| slots.get(it));
        let slot = slot.ok_or_else(|| SealError(format!("slot {number} is missing")))?;
        let text = open(slot, keys)?.map(Cow::Owned);
        Ok(Some(written(&Shown { subject: Cow::Borrowed(&slot.subject), text })))
    })
}

/// Blanks every personal text, so that what is left does not change when somebody is erased.
pub(crate) fn blank(json: &str) -> Cow<'_, str> {
    let blanked = splice(json, PERSONAL, |found| {
        Ok(shown(found).map(|it| written(&Shown { subject: it.subject, text: None })))
    });
    blanked.expect("nothing is sealed or opened")
}

fn shown(found: &Value) -> Option<Shown<'_>> {
    Shown::deserialize(found.get("$personal")?).ok()
}

fn written(shown: &Shown<'_>) -> String {
    let inner = serde_json::to_string(shown).expect("two texts serialise");
    format!("{PERSONAL}{inner}}}")
}

/// `json` with every value that begins with `start` replaced by what `replace` makes of it; `None`
/// leaves it as it is.
fn splice<'a>(
    json: &'a str,
    start: &str,
    mut replace: impl FnMut(&Value) -> Result<Option<String>, SealError>,
) -> Result<Cow<'a, str>, SealError> {
    let Some(first) = json.find(start) else { return Ok(Cow::Borrowed(json)) };
    let mut spliced = String::with_capacity(json.len());
    spliced.push_str(&json[..first]);
    let mut rest = &json[first..];
    loop {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        // What is damaged is left to the parser of the whole.
        let Some(Ok(found)) = values.next() else { break };
        let (value, behind) = rest.split_at(values.byte_offset());
        match replace(&found)? {
            Some(text) => spliced.push_str(&text),
            None => spliced.push_str(value),
        }
        let Some(next) = behind.find(start) else {
            rest = behind;
            break;
        };
        spliced.push_str(&behind[..next]);
        rest = &behind[next..];
    }
    spliced.push_str(rest);
    Ok(Cow::Owned(spliced))
}
